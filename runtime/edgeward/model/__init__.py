"""The reference model and the inference engine."""
