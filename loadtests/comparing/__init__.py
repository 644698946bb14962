"""Compares single requests, micro-batching and batches under the same load."""
