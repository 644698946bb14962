"""Admits requests, batches their rows, runs the model and slices large requests."""
