"""Records, bundles, signatures, and what they prove.

A run writes a *bundle*: a folder with a manifest fixed before the first case, hash-chained records,
artifacts by digest and one signed statement over all of it. Start with `ledger` (writing), `bundle`
(reading), `sign` (sealing), `verify` (checking, offline) and `assess` (what the records prove).
"""
