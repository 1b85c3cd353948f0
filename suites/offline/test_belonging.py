"""What belongs to one patient never arrives as another's, whoever lies in the bed by then."""

import pytest

from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, payload_of, put, receiving
from edgeward_harness.rig.sink.opening import read_payload
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import NS, count, device_name, drained, driven, passes
from .owning import keys_shared

STILL_S = 30
NOBODY = "nobody"


@pytest.mark.case("TC-OFF-009")
def test_reassignment(measure: Measure, rig: Rig) -> None:
    """Records of an outage belong to the patient of their time, after a change of patients too.

    Method: with no link, a patient is watched who lies still without any signal, so that the device
    raises alarms of its own, and records are put for that patient; the patient is discharged,
    another is admitted, and so on; now and then the device is killed in between. Then the link
    comes up. What the device observed itself must name the patient who was there at the time, by
    the alarm's own entry; what was put must come under the key of its patient and of no other.
    """
    measure.rests_on(SIMULATED)
    faults: list[str] = []
    puts: list[tuple[str, Put]] = []
    with receiving(rig.seed("TC-OFF-009")) as here, rig.open_device(simulated_clock=True) as device:
        patients = rig.samples("TC-OFF-009")
        for number in range(patients):
            patient = f"patient-{number}"
            puts += _a_stay(device, patient)
            if number % 3 == 2:
                device.kill()
                device.restart()
            rig.progress(number + 1, patients)
        here.enrol(device)
        driven(device, here, [one for _, one in puts])
        faults += _mixed_up(here, device_name(device), puts)
    count(
        measure, "records_of_another_patient", faults, max(len(puts), 1),
        "each under its own patient's name and key",
    )  # fmt: skip


@pytest.mark.case("TC-OFF-012")
def test_own_key(measure: Measure, rig: Rig) -> None:
    """Records of different patients, and of nobody, come under different data keys.

    Method: records of so many patients, and of nobody, are put in turn while the link is up. Each
    must arrive with its bytes, under a key that was granted for its patient and for no other.
    """
    patients = [f"patient-{number}" for number in range(rig.samples("TC-OFF-012"))]
    puts: list[tuple[str, Put]] = []
    with receiving(rig.seed("TC-OFF-012")) as here, rig.open_device() as device:
        here.enrol(device)
        for turn in range(3):
            for patient in (*patients, NOBODY):
                about = payload_of({"of": patient, "turn": turn})
                named = None if patient == NOBODY else patient
                puts += [(patient, one) for one in put(device, [("event", about)], named)]
        name = device_name(device)
        last = put(device, [("alarm", payload_of({}))])
        drained(here, name, [*last, *(one for _, one in puts)])
        faults = keys_shared(here, name, puts)
    count(
        measure, "records_under_the_key_of_another", faults, len(puts),
        "each under a key of its own patient",
    )  # fmt: skip


def _a_stay(device: DeviceSession, patient: str) -> list[tuple[str, Put]]:
    """A patient comes, is watched without a signal, and goes."""
    device.call("patient.admit", {"patient": patient, "category": "adult"})
    device.call(
        "patient.attach",
        {"patient": patient, "channel": "ecg", "signal": "ecg", "unit": "mV", "rate_hz": 250},
    )
    passes(device, STILL_S * NS)
    puts = put(device, [("event", payload_of({"patient": patient, "number": STILL_S}))], patient)
    device.call("patient.discharge", {"patient": patient})
    passes(device, 2 * NS)
    return [(patient, one) for one in puts]


def _mixed_up(here: Receiving, name: str, puts: list[tuple[str, Put]]) -> list[str]:
    """Records that came as somebody else's."""
    faults = keys_shared(here, name, puts)
    payloads = here.payloads(name)
    told = 0
    for identity, data in payloads.items():
        about = read_payload(data).told
        for event in about.get("events", ()):
            told += event.get("kind") == "alarm"
            if event.get("patient") != about["patient"]:
                faults.append(f"{identity} names {about['patient']}, its event {event['patient']}")
    return faults if told else [*faults, "no alarm of the device's own arrived"]
