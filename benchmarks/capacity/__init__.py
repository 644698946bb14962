"""The search for the capacity, tried on simulated services whose capacity is known."""
