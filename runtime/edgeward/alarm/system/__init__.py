"""The alarm system: from what is observed to what is signalled, one occurrence at a time."""
