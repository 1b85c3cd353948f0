"""What is in a record can be read by nobody on the way, nor by who has the disk."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import payload_of, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import Hearing, Wire, connect, heard, right_context
from .kept import KINDS, Kept
from .recording import count, drawn
from .searching import files, forms, forms_of_text, found, leaks, readable

WITHIN_S: Final = 20.0
MARKER_BYTES: Final = 12
Secrets = dict[str, Mapping[str, bytes]]


@pytest.mark.case("TC-ENC-001")
def test_clear_text(measure: Measure, rig: Rig) -> None:
    """No word of a record and no name of a patient stands on the wire or on the disk.

    Method: records of all classes carry words, raw samples and the name of a patient that are found
    nowhere else. They are kept while no receiver is there, and every file of the device is searched
    for them: as they are, in other encodings, in hex, in base64 at each offset, and in whatever is
    compressed; while it runs, after it was killed, and after it was started again. Then they are
    delivered, the wire is searched in the same way, and the files once more. The same search must
    find each word that is put among the same bytes.
    """
    repeats = rig.samples("TC-ENC-001")
    with (
        tempfile.TemporaryDirectory(prefix="edgeward-state-") as made,
        receiving(rig.seed("markers")) as rx,
        rig.open_device(state=Path(made)) as device,
    ):
        rx.enrol(device)
        rx.stop()
        kept, hidden = _keep(device, repeats, drawn(rig.seed("words")))
        faults, looked = leaks(files(Path(made)), hidden)
        device.kill()
        _look(Path(made), hidden, faults)
        device.restart()
        _look(Path(made), hidden, faults)
        with heard(Hearing(rx.receiver), right_context(rx), rx.bench.folder) as wire:
            connect(device, rx, url=wire.url)
            until(lambda: kept.arrived(rx), WITHIN_S)
            on_wire, looked_on_wire = leaks(wire.crossed(), hidden)
            measure.check(
                "all_that_crossed_was_kept", wire.proxy.capture.whole,
                expected="every byte that crossed is searched",
                observed=f"{wire.proxy.capture.crossed_bytes} bytes",
            )  # fmt: skip
            blind = _blind(wire, hidden)
        _look(Path(made), hidden, faults)
        arrived = kept.judged(rx)
    count(
        measure, "words_on_the_disk", faults, 4 * looked, "no word of a record in any file",
    )  # fmt: skip
    count(
        measure, "words_on_the_wire", on_wire, looked_on_wire, "no word of a record on the wire",
    )  # fmt: skip
    count(measure, "records_not_as_they_were", arrived, len(kept.puts), "each came unchanged")
    forms_of_all = sum(map(len, hidden.values()))
    count(measure, "planted_words_not_found", blind, forms_of_all, "the search finds what is there")


def _keep(device: DeviceSession, repeats: int, random: Random) -> tuple[Kept, Secrets]:
    kept, hidden = Kept(device.description["device"]["id"]), Secrets()
    for number in range(repeats):
        name = f"patient-{random.randbytes(8).hex()}-ü"
        hidden[f"the name of patient {number}"] = forms_of_text(name)
        for kind in KINDS:
            word, samples = random.randbytes(8).hex(), random.randbytes(MARKER_BYTES)
            hidden[f"a word of {kind} {number}"] = forms_of_text(f"said-{word}-ß")
            hidden[f"samples of {kind} {number}"] = forms(samples)
            text = payload_of({"patient": name, "text": f"said-{word}-ß"})
            told = b'{"form":2}'
            packed = b"\0\2" + len(told).to_bytes(4, "little") + told + samples
            kept.put(device, [(kind, text), (kind, packed)], name)
    return kept, hidden


def _look(folder: Path, hidden: Secrets, faults: list[str]) -> None:
    faults += [one for one in leaks(files(folder), hidden)[0] if one not in faults]


def _blind(wire: Wire, hidden: Secrets) -> list[str]:
    """Which forms the search does not find where they are: none, or it proves nothing."""
    among = b"".join(data for _, data in wire.crossed())
    half = len(among) // 2
    return [
        f"{name}, {form}"
        for name, wanted in hidden.items()
        for form, data in wanted.items()
        if form not in found(readable(among[:half] + data + among[half:]), {form: data})
    ]
