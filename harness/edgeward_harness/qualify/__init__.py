"""The qualification of this tool: devices with seeded defects, and what the suites make of them."""
