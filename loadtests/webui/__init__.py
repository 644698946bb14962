"""Adds checked starts, the verdict and the report to Locust's web UI."""
