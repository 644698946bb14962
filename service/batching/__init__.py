"""Gathers records into batches, runs the model on them and slices large requests."""
