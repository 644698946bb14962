"""Two versions of a service compared: differences with their bounds, a verdict, a page."""
