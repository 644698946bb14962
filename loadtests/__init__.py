"""The one package that drives Locust."""
