"""Patients at the device: their channels, the numbers and alarms that come of them."""
