"""Judges a run against its objectives: what is met, what is proven, and whether to trust the figures."""
