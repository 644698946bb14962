"""Renders a judged run as a page, tables and files for other programs."""
