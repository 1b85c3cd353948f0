"""Patients that do not exist: every channel from one beat and one breath, with the truth known."""
