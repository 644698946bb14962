"""Measurements of this suite beside its peers, each in one run; what they found is kept in `results/`."""
