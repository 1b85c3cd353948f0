"""The signed model package: what a device takes, checks as a whole, and switches to in one step.

A package is six files: the model, its card, golden windows, a bill of materials, a notice, and one
signature over the rest. It runs only when all of it is proven: signed by a trusted key, within the
limits of the profile, with evidence for it, and with answers that this very device reproduces.

Needs the extra `package`: no signature is checked without it, so nothing here can be used.
"""

from importlib.util import find_spec

from edgeward.errors import PackageError

if find_spec("cryptography") is None:
    raise PackageError(
        "model packages: found no module cryptography; accepted: the extra package, which checks"
        " signatures: pip install 'edgeward[package]'"
    )
