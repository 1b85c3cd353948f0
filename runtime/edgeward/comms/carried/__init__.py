"""Carried by hand: batches on a medium, sealed and signed, and the answers that come back."""
