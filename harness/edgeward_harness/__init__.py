"""Edgeward harness: asks a running device the questions of a verification protocol and signs the answers."""

__version__ = "0.1.0"
