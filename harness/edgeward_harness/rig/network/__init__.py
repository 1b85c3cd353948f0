"""A hostile network between a device and a receiver, replayed from one integer; and what it saw."""
