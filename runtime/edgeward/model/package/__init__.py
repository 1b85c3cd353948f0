"""The signed model package: what a device takes, checks as a whole, and switches to in one step.

A package is six files: the model, its card, golden windows, a bill of materials, a notice, and one
signature over the rest. It runs only when all of it is proven: signed by a trusted key, within the
limits of the profile, with evidence for it, and with answers that this very device reproduces.
"""
