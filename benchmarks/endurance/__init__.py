"""A long load test against the suite's own service: what grows, and what is left behind."""
