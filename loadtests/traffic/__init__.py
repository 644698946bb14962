"""Decides what is sent, by which users and when, and checks the replies."""
