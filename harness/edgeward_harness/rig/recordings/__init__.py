"""Recordings of real patients, read where they lie, each named by its digest; none is shipped."""
