"""What requests carry: generated or from files, encoded before the run."""
