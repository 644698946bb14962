"""Parses, routes and answers HTTP requests, and sheds what is too much."""
