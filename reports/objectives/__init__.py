"""Defines what can be asked of a run: metrics, and objectives, which set limits for them."""
