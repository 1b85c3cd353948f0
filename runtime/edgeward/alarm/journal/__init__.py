"""The alarm journal: fixed slots on disk, chained, complete to the last entry told."""
