"""Instants, distributions, acceptance statistics: where numbers become verdicts."""
