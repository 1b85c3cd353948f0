"""What the results about records must look like (docs/protocol.md, from version 1.4 on)."""

from collections.abc import Mapping
from typing import Final

from edgeward_harness.target import shape
from edgeward_harness.target.shape import Check

METHODS: Final = (
    "outbox.put",
    "outbox.status",
    "link.request",
    "link.connect",
    "link.disconnect",
    "keys.rotate",
    "keys.erase",
)
CARRIED_METHODS: Final = ("outbox.export", "outbox.import")
"""From version 1.5 on."""
ATTESTATION_METHODS: Final = ("attest",)
"""From version 1.5 on."""

_COUNT: Final = shape.integer(0)
_TOKEN: Final = shape.matching("[0-9a-f]{16}", "16 hex digits")
_FIGURES: Final = shape.record(
    {
        "accepted": _COUNT,
        "delivered": _COUNT,
        "queued": _COUNT,
        "evicted": _COUNT,
        "quarantined": _COUNT,
    },
    optional={"bytes": _COUNT},
)

RESULTS: Final[Mapping[str, Check]] = {
    "outbox.put": shape.record(
        {
            "receipts": shape.array(
                shape.record(
                    {
                        "standing": shape.one_of("durable", "volatile", "rejected"),
                        "epoch": shape.nullable(_TOKEN),
                        "sequence": shape.nullable(shape.integer(1)),
                        "reason": shape.text(empty=True),
                    }
                ),
                least=1,
            )
        }
    ),
    "outbox.status": shape.record(
        {
            "device": shape.text(),
            "epoch": _TOKEN,
            "sequence": _COUNT,
            "disk_bytes": _COUNT,
            "disk_bytes_max": _COUNT,
            "classes": shape.mapping(_FIGURES),
            "link": shape.nullable(
                shape.record(
                    {
                        "state": shape.one_of(
                            "unknown",
                            "online",
                            "unreachable",
                            "stranger",
                            "unauthorised",
                            "refusing",
                        ),
                        "trouble": shape.text(empty=True),
                    },
                    optional=dict.fromkeys(
                        ("exchanges", "failures", "delivered", "set_aside", "sent_bytes"), _COUNT
                    ),
                )
            ),
        }
    ),
    "link.request": shape.record({"request": shape.text()}),
    "link.connect": shape.record({}),
    "link.disconnect": shape.record({}),
    "keys.rotate": shape.record({"rotated": _COUNT}),
    "keys.erase": shape.record({"digest": shape.sha256(), "removed": _COUNT}),
    "attest": shape.record(
        {
            "statement": shape.record(
                {
                    "device": shape.text(),
                    "nonce": shape.text(),
                    "root": shape.one_of("software", "tpm"),
                    "measured": shape.mapping(shape.sha256()),
                    "earliest_ns": shape.integer(0),
                }
            ),
            "signature": shape.text(),
            "chain": shape.text(),
        }
    ),
    "outbox.export": shape.record(
        {
            "bundle": shape.nullable(_TOKEN),
            "records": _COUNT,
            "parts": _COUNT,
            "bytes": _COUNT,
            "cut": shape.boolean(),
        }
    ),
    "outbox.import": shape.record(
        {
            "answered": shape.array(_TOKEN),
            "delivered": _COUNT,
            "set_aside": _COUNT,
            "refused": shape.array(shape.record({"name": shape.text(), "reason": shape.text()})),
            "others": _COUNT,
        }
    ),
}
