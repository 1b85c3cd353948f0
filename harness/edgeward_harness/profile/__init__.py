"""Bench units and applicability: which unit is here, which cases apply to it."""
