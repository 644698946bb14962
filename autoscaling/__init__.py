"""A twin of Kubernetes' HorizontalPodAutoscaler in virtual time: how many replicas, when, how slow."""
