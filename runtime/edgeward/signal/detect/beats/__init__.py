"""What surrounds a beat and what is usual for its patient, as one row of numbers."""
