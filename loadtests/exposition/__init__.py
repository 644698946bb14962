"""Exposes the load generator's own figures to Prometheus."""
