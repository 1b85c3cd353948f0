"""Filtering at the edge: trends that change little are sent seldom, within a bound that holds."""
