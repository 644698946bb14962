"""What this suite's own code gains over the library that does the same."""
