"""What runs on this device, said under the key of its certificate for the nonce of who asks.

Measured are the files of this software, each model that answers here, the profile in force, and
the key that signs the audit trail: whoever believes the certificate can then believe the trail.
"""

from collections.abc import Callable, Mapping
from typing import Any

from edgeward.adapters.host import build_sha256
from edgeward.canonical import sha256_hex
from edgeward.comms.trust.attestation import attest
from edgeward.device.method import Method
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.parameters import Parameter, bad_parameters, text
from edgeward.device.parts import Parts
from edgeward.device.rpc import Code, RpcError
from edgeward.errors import StoreError, TrustError

CAPABILITY = "attestation"
NONCE_CHARS_MAX = 128


def attesting_methods(
    outgoing: Callable[[], Outgoing], measured: Callable[[], Mapping[str, str]]
) -> dict[str, Method]:
    """The one there is; the way out is opened with the first call."""

    def call(given: Mapping[str, Any], _: int) -> dict[str, Any]:
        try:
            return attested(outgoing(), given["nonce"], measured())
        except TrustError as error:
            raise bad_parameters([error.diagnostics()]) from error
        except StoreError as error:
            raise RpcError(Code.REFUSED, error.diagnostics()) from error

    nonce = Parameter("nonce", text(NONCE_CHARS_MAX))
    return {"attest": Method(CAPABILITY, (nonce,), call)}


def attested(outgoing: Outgoing, nonce: str, measured: Mapping[str, str]) -> dict[str, Any]:
    """A signed statement of what was measured.

    Raises:
        RpcError: the device has no certificate yet, so that nobody could believe it.
        TrustError: the nonce is none.
        StoreError: the disk refused.
    """
    papers = outgoing.wallet.current or outgoing.wallet.candidate
    if papers is None:
        raise RpcError(Code.REFUSED, "found no certificate; accepted: after link.connect with one")
    whole = {**measured, "audit_key": sha256_hex(outgoing.audit.public_key())}
    earliest_ns = outgoing.time.now().earliest_ns
    return attest(papers, outgoing.device, nonce, whole, earliest_ns)


def measured_here(parts: Parts, profile_sha256: str) -> dict[str, str]:
    """What answers on this device, by name; the profile where one is in force."""
    engines = (parts.engine, parts.thinner, parts.beat_engine)
    models = {f"model:{one.card.name}": one.card.sha256 for one in engines if one is not None}
    profile = {"profile": profile_sha256} if profile_sha256 else {}
    return {"software": build_sha256(), **models, **profile}
