"""What people sign: digests of plans, results and documents, in a folder that only grows."""
