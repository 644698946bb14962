"""One call of the Open Inference Protocol over gRPC, and its reply."""
