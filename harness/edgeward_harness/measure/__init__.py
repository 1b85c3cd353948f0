"""Distributions and acceptance statistics: where numbers become verdicts."""
