"""Asks each endpoint once before any load: what can't work is told before a run begins."""
