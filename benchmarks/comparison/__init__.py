"""How often a comparison of two versions is wrong, and what it finds."""
