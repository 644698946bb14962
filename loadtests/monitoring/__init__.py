"""Watches the service and the machine while a run goes on."""
