"""Runs one load test from its first request to its verdict."""
