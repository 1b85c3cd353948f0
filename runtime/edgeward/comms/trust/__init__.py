"""Whom a device believes, and how it shows who it is."""

from importlib.util import find_spec

from edgeward.errors import TrustError

if find_spec("cryptography") is None:
    raise TrustError(
        "secure links: found no module cryptography; accepted: the extra comms:"
        " pip install 'edgeward[comms]'"
    )
