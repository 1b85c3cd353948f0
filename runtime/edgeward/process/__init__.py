"""The real-time processor: samples in, result events out."""
