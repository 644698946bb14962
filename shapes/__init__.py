"""Load as a function of time: pure values that know no clock and no Locust."""
