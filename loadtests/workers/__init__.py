"""Lets several processes make one run: what master and workers tell each other."""
