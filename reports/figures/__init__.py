"""Computes the figures of a run from its samples and telemetry."""
