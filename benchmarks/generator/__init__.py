"""Requests per second of processor time: this suite's load generator and other load tools."""
