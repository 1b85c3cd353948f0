"""Detectors: streaming, causal, each for one kind of signal."""
