"""A folder with all that a receiver needs: its papers, its key, its ledger; made from a seed."""

import datetime
import hashlib
from dataclasses import dataclass
from pathlib import Path

from edgeward_harness.rig.authority import Authority
from edgeward_harness.rig.sink.ledger import Ledger
from edgeward_harness.rig.sink.opening import Opener
from edgeward_harness.rig.sink.receiver import Receiver
from edgeward_harness.rig.sink.server import Papers

NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a receiver of a bench lives; whoever opens the same folder has the same receiver."""

    folder: Path
    seed: int
    now: datetime.datetime

    def authority(self, desk: str = "bench") -> Authority:
        """The one authority here; each desk draws keys and serials of its own."""
        return Authority(self.seed, self.now, desk=desk)

    def papers(self) -> Papers:
        """The receiver's papers, written anew: the same ones each time."""
        authority = self.authority("server")
        own, trusted = self.folder / "server.pem", self.folder / "authorities.pem"
        own.write_bytes(authority.server(NAME).pem)
        trusted.write_bytes(authority.pem)
        return Papers(own, trusted)

    def receiver(self) -> Receiver:
        """The receiver with what it had when it was closed, or killed."""
        private = hashlib.sha256(f"receiver/{self.seed}".encode()).digest()
        opener = Opener(private)
        ledger = Ledger(self.folder / "ledger.sqlite", opener)
        return Receiver(ledger, opener, enrol=self.authority("enrol").sign_request)
