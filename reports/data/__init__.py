"""Reads a run's folder into typed values: samples, telemetry and facts."""
