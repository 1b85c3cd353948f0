"""The ways to a receiver: each carries whole batches, and believes nobody unproved."""
