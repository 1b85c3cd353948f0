"""Beats of an ECG: found, placed and sorted by shape."""
