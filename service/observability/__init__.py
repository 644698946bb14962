"""Tells the outside world how the service is: metrics, logs, traces."""
