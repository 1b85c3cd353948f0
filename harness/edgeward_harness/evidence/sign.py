"""Sealing: one signature over everything a run left behind, proven good before it is relied on."""

from pathlib import Path

from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.files import digest_file, sync_folder, write_whole
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.layout import KEY, STATEMENT, list_folder
from edgeward_harness.evidence.statement import build_statement
from edgeward_harness.evidence.strict import encode
from edgeward_harness.evidence.verification import FaultKind, Verification
from edgeward_harness.evidence.verify import Derive, verify_bundle


def seal(folder: Path, key: SigningKey, *, derive: Derive | None = None) -> Verification:
    """Sign a bundle, then open and verify it from the disk as a stranger would.

    1. A bundle is sealed once; one that holds anything foreign is not sealed at all.
    2. The public key goes beside what it verifies.
    3. The statement is made from the records as they are on the disk, and covers every file.
    4. Everything is verified again with nothing but this key. What is incomplete may be sealed (it
       says FAILED, and that it is incomplete); any other fault takes the statement away again.

    Raises:
        HarnessError: the bundle is not fit to be sealed, or did not verify; no statement is left.
    """
    # 1.
    if (folder / STATEMENT).exists():
        raise HarnessError(f"{folder}: is sealed already")
    bundle = open_bundle(folder)
    try:
        # 2.
        write_whole(folder / KEY, key.public.pem)
        # 3.
        layout = list_folder(folder)
        if layout.faults:
            raise HarnessError(f"{folder}: cannot be sealed: {'; '.join(layout.faults)}")
        subjects = {name: digest_file(folder / name) for name in layout.subjects}
        statement = build_statement(bundle, assess(bundle), subjects)
        write_whole(folder / STATEMENT, Envelope.sign(encode(statement), key).to_bytes())
        # 4.
        sealed = verify_bundle(folder, [key.public], derive=derive)
        if not sealed.only(FaultKind.INCOMPLETE):
            raise HarnessError(f"{folder}: did not verify: {'; '.join(sealed.faults)}")
    except OSError as fault:
        _unseal(folder)
        raise HarnessError(f"{folder}: cannot be sealed: {fault}") from fault
    except BaseException:
        _unseal(folder)
        raise
    return sealed


def _unseal(folder: Path) -> None:
    for name in (STATEMENT, KEY):
        (folder / name).unlink(missing_ok=True)
    sync_folder(folder)
