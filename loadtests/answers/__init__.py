"""What a reply must be, and what it says of itself."""
