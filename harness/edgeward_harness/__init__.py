"""Edgeward harness: asks a running device questions and signs the answers."""

__version__ = "0.1.0"
