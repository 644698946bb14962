"""The model service beside its peers: one model, one core, requests a second and latency in one run."""
