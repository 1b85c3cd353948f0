"""Requirements, hazards, risk controls, plans: the matrix, its fingerprints and its completeness."""
