"""Records what happens in a run: one row a request, telemetry, facts, live figures."""
