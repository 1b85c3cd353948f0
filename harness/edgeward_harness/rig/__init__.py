"""What surrounds a device on a bench: patient signals, host noise, injected faults."""
