"""How what waits in the outbox reaches its receiver."""
