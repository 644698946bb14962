"""Checks the Kubernetes files without a cluster: `python -m deploy.kubernetes.checks`."""
