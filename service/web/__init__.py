"""HTTP: parsing, load shedding, routing, accounting of requests, graceful shutdown."""
