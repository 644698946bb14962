"""The insurance-charges model: training data, training, model file, predictions."""
