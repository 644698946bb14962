"""Compares what a load test saw with what Prometheus recorded of the service."""
