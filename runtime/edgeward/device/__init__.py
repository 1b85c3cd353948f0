"""The parts put together: the device, its agent and its command line."""
