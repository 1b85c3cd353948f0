"""Packing: what a record holds, made small before it is sealed."""
