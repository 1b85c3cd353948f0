"""Instants, distributions and acceptance statistics: the only place a verdict is computed from numbers."""
