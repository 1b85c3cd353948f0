"""Requirements, hazards, risk controls, plans: the matrix, its fingerprints, its completeness.

Import from its modules: `load` (reading), `completeness` and `suspicion` (checking), `fingerprint`,
`baseline` (what was reviewed), `rows` (the matrix). This file imports none of them, so that a run
pays only for those it uses.
"""
