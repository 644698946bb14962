"""The insurance-charges model: its data, training, file and predictions."""
