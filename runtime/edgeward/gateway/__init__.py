"""Many devices, many patients: who is alive, whose samples are whose, and figures by window."""
