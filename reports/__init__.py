"""A run's folder becomes a summary, a verdict and files: pure functions that know no Locust."""
