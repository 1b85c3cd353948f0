"""Is a channel fit to be read? What is not becomes invalid, and somebody is told."""
