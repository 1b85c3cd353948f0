"""Sample clocks, windows with validity, simulated patients."""
