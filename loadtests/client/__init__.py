"""Sends one HTTP request and reads its reply: the target, its connections, their sockets."""
