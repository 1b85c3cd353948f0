"""Drawings of the pack: figures of the evidence as SVG, the same bytes for the same figures."""
