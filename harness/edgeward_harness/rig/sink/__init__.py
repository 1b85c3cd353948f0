"""A receiver for the bench: it speaks docs/delivery.md, and accounts for every record."""
