"""Throughput and latency of the model service and of its peers: one model, one core, one run."""
