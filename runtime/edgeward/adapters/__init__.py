"""The ports' two sides: the system's clock, disk, links and randomness, and simulated ones."""
