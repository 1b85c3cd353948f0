"""Models: engines, the signed package, the reference model, and what makes one small."""
