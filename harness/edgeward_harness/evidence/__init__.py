"""Records, bundles, signatures, and what they prove."""
