"""The alarm system: conditions, priorities, limits, the state machine, what it shows and tells."""
