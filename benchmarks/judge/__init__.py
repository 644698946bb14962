"""How often the judge is wrong, on simulated services whose truth is known."""
