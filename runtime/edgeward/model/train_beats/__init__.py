"""Makes the reference beat model again, from recordings and one integer, at a desk.

A device never imports this: it needs torch and wfdb (the extras `compress` and `train`).
"""
