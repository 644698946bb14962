"""Reads the command line and starts Locust, and the suite's own service where no other is named."""
