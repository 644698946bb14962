"""From the URL of a service to a scenario: what it says of itself, asked once and written down."""
