"""Asks an autoscaler's manifest whether it keeps up with a load: in virtual time, and with real processes."""
