"""Release rules: bundles and a policy in, a verdict with reasons out."""
