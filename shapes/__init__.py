"""Load as a function of time: pure values, without a clock and without Locust."""
