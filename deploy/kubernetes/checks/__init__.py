"""What can be known of the Kubernetes files without a cluster: run `python -m deploy.kubernetes.checks`."""
