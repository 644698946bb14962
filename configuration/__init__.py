"""What to run: YAML files and the typed values they become."""
