"""Judges the figures of a run against its objectives."""
