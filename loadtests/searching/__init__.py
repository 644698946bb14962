"""Finds the highest rate of requests that meets a scenario's objectives, one run after the other."""
