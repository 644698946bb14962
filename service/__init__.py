"""The model service under test: no other package imports it, it is used over HTTP only."""
