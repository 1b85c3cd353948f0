"""One verification run under pytest: cases in, records out, a sealed bundle at the end."""
