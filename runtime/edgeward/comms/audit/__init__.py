"""The audit trail: who did what with keys, records and trust; what was changed in it is found."""
