"""The model service under test: imported by nobody, reached over HTTP only."""
