"""Alarms told to people elsewhere over the protocol: two devices, or a device and a verifier."""

from typing import Any

import pytest
from bedside_ward import S, Start, Ward, channels_of

from edgeward.alarm.delegation.remote import RemoteEnd
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.scenarios import scenario

ECG = channels_of("asystole", "ecg")[0]
RECORD = simulate(scenario("asystole"), 7).signals["ecg"]
HERE, THERE = "p1", "station"


class House:
    """A device by a bed and a verifier that is the other end, or carries to a second device."""

    def __init__(self, start: Start) -> None:
        self.bed = Ward(start)
        self.device = ""
        self.end: RemoteEnd | None = None
        self.able = True
        self.cut = False
        self.sample = 0

    def admit(self) -> None:
        self.bed.admit(HERE, ECG)

    def delegate(self, **more: Any) -> None:
        settled = self.bed.peer.result("alarm.delegate", **asked(**more))
        self.device = settled["device"]
        self.end = RemoteEnd(THERE, self.device, settled["refresh_within_ms"] * 1_000_000, 1,
                             self.bed.second * S)  # fmt: skip

    def run(self, seconds: int, *, heart: bool = True) -> None:
        """Each second the bed sends a second of its heart, and the messages go both ways."""
        for _ in range(seconds):
            self.bed.pass_second()
            if heart:
                block = RECORD[self.sample : self.sample + ECG.rate_hz]
                self.bed.push(HERE, "ecg", self.sample, block)
                self.sample += ECG.rate_hz
            if not self.cut:
                self.carry()
        self.bed.read()

    def carry(self) -> None:
        """To the verifier's own end and back."""
        assert self.end is not None
        now_ns = self.bed.second * S
        for answer in self.end.outgoing(now_ns, able=self.able):
            offer = self.refresh(answer)
            if offer is not None:
                self.end.receive(offer, now_ns)

    def refresh(self, answer: object) -> Any:
        asked = {"patient": HERE, "to": THERE, "answer": answer}
        return self.bed.peer.result("alarm.refresh", **asked)["offer"]

    def delegation(self) -> dict[str, Any]:
        (found,) = self.bed.state()["delegations"]
        return dict(found)

    def standstill(self) -> str:
        """The alarm of it."""
        alarms = self.bed.state()["alarms"]
        return next(str(one["id"]) for one in alarms if one["condition"] == "asystole")

    def told(self, *what: str) -> list[tuple[str, str]]:
        """What the journal has of the standstill on its way, with the text."""
        return [
            (one["what"], one["text"])
            for one in self.bed.told
            if one["kind"] == "alarm"
            and one["what"] in what
            and (one["alarm"] or {}).get("condition") == "asystole"
        ]


def asked(**more: Any) -> dict[str, Any]:
    return {"patient": HERE, "to": [THERE], "confirm_within_ms": 20_000, "sound": True,
            "by": "nurse 4", **more}  # fmt: skip


@pytest.fixture
def house(inprocess: Start) -> House:
    found = House(inprocess)
    found.admit()
    return found


def test_the_sound_is_left_to_who_gives_it_and_comes_back_with_a_lost_link(house: House) -> None:
    house.delegate()
    house.run(66)
    assert house.standstill() in house.delegation()["waiting"]
    assert house.standstill() in house.delegation()["elsewhere"]
    state = house.bed.state()
    assert (state["audible"], state["visible"]) == (None, "high")
    assert house.told("offered", "taken_over") == [
        ("offered", THERE), ("taken_over", THERE)
    ]  # fmt: skip
    house.cut = True
    house.run(5)
    assert house.bed.state()["audible"] == "high"
    assert house.told("taken_back") == [("taken_back", THERE)]
    assert house.bed.changes("link_lost")[0][0] == "declared"
    assert house.end is not None
    assert house.end.lost(house.bed.second * S)
    house.cut = False
    house.run(3)
    assert house.delegation()["lost"] == []
    assert house.bed.state()["audible"] is None


@pytest.mark.slow
def test_an_end_that_gives_no_signals_takes_none_over(house: House) -> None:
    house.able = False
    house.delegate()
    house.run(66)
    assert house.bed.state()["audible"] == "high"
    assert house.told("offered", "taken_over") == [("offered", THERE)]


@pytest.mark.slow
def test_without_leave_the_sound_is_given_at_both_ends(house: House) -> None:
    house.delegate(sound=False)
    house.run(66)
    assert house.bed.state()["audible"] == "high"
    assert house.end is not None
    assert house.end.urgent == "high"


def test_an_alarm_that_nobody_confirms_is_an_alarm_and_is_heard_here(house: House) -> None:
    house.delegate(confirm_within_ms=5000)
    house.run(66)
    assert house.bed.state()["audible"] is None
    house.run(4)
    assert house.bed.state()["audible"] == "high"
    assert house.told("unanswered") == [("unanswered", "")]
    assert house.bed.changes("delegation_unanswered")[0][0] == "declared"
    assert house.standstill() in house.delegation()["unanswered"]
    assert house.end is not None
    for item in house.end.items:
        house.end.confirm(item.delivery, "dr 9")
    house.run(4, heart=False)
    confirmed = house.delegation()["confirmed"]
    assert {"alarm": house.standstill(), "by": "dr 9"} in confirmed
    texts = [one["text"] for one in house.bed.told if one.get("what") == "confirmed"]
    assert f"{house.standstill()} at {THERE}" in texts
    assert house.bed.changes("delegation_unanswered")[-1][0] == "ended"


@pytest.mark.slow
def test_what_is_settled_and_confirmed_outlives_a_restart(house: House, inprocess: Start) -> None:
    house.delegate()
    house.run(66)
    assert house.end is not None
    for item in house.end.items:
        house.end.confirm(item.delivery, "dr 9")
    house.run(2)
    before = house.delegation()
    assert before["waiting"] == []
    house.bed.restart()
    again = Ward(inprocess, store=house.bed.running.store)
    (after,) = again.state()["delegations"]
    same = ("patient", "device", "to", "confirm_within_ms", "sound", "by", "confirmed", "waiting")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert again.state()["audible"] == "high"  # until the other end has proved itself anew
    again.pass_second(5)
    assert again.changes("link_lost")[0][0] == "declared"


@pytest.mark.slow
def test_a_delegation_that_ends_leaves_nothing(house: House) -> None:
    house.delegate()
    house.run(66)
    house.cut = True
    house.run(5)
    house.bed.peer.result("alarm.undelegate", patient=HERE, by="nurse 4")
    assert house.bed.state()["delegations"] == []
    assert house.bed.state()["audible"] == "high"
    house.bed.pass_second(4)
    assert house.bed.changes("link_lost")[-1][0] == "ended"
    house.delegate()
    house.bed.peer.result("patient.discharge", patient=HERE)
    assert house.bed.state(None)["delegations"] == []


def carry(bed: Ward, device: str, station: Ward) -> None:
    """Bring what each has to tell to the other."""
    answer = station.peer.result("alarm.arrive", device=device, offer=None)["answer"]
    for _ in range(2):
        offer = bed.peer.result("alarm.refresh", patient=HERE, to=THERE, answer=answer)["offer"]
        answer = station.peer.result("alarm.arrive", device=device, offer=offer)["answer"]


@pytest.mark.slow
def test_a_second_device_gives_the_signals_and_a_person_there_confirms(
    house: House, inprocess: Start
) -> None:
    house.delegate()
    station = Ward(inprocess)
    station.peer.result("alarm.listen", device=house.device, name=THERE, by="nurse 7")
    for _ in range(66):
        house.cut = True
        house.run(1)
        station.pass_second()
        carry(house.bed, house.device, station)
    assert house.bed.state()["audible"] is None
    there = station.state(None)
    assert (there["audible"], there["visible"]) == ("high", "high")
    assert there["audible_alarm"] == f"{house.device}:{house.standstill()}"
    assert there["audible_alarm"] in [one["id"] for one in there["alarms"]]
    (listening,) = there["listening"]
    item = next(one for one in listening["alarms"] if one["condition"] == "asystole")
    assert (item["alarm"], item["patient"], item["open"]) == (house.standstill(), HERE, True)
    refused = station.peer.error("alarm.confirm", alarm="9-9", by="dr 9")
    assert "accepted: one that has arrived" in refused["message"]
    for one in listening["alarms"]:
        station.peer.result("alarm.confirm", alarm=one["alarm"], by="dr 9")
    carry(house.bed, house.device, station)
    carry(house.bed, house.device, station)
    assert station.state(None)["audible"] is None
    assert {"alarm": item["alarm"], "by": "dr 9"} in house.delegation()["confirmed"]
    station.read()
    told = [one["what"] for one in station.told if one["kind"] == "alarm"]
    assert {"listening", "arrived", "confirmed"} <= set(told)
    for ward in (house.bed, station):  # both ends miss each other, each by its own clock
        ward.pass_second(6)
        assert ward.changes("link_lost")[0][0] == "declared"
    station.peer.result("alarm.unlisten", device=house.device, by="nurse 7")
    station.pass_second(4)
    assert station.changes("link_lost")[-1][0] == "ended"


REFUSALS: list[tuple[str, dict[str, Any], int, str]] = [
    ("alarm.delegate", asked(to=[]), -32602, "a list of 1 to 8"),
    ("alarm.delegate", asked(to=["a", "a"]), -32602, "found 'a' twice"),
    ("alarm.delegate", asked(patient="p9"), -32602, "'p9' is not admitted"),
    ("alarm.delegate", asked(), -32001, "which are told to station"),
    ("alarm.refresh", {"patient": HERE, "to": "who", "answer": None}, -32602, "accepted: station"),
    ("alarm.refresh", {"patient": None, "to": THERE, "answer": None}, -32001, "one delegated"),
    ("alarm.refresh", {"patient": HERE, "to": THERE, "answer": {}}, -32602, "Answer: found {}"),
    ("alarm.undelegate", {"patient": None, "by": "n"}, -32001, "one that is delegated"),
    ("alarm.arrive", {"device": "x", "offer": None}, -32001, "one that is heard (none)"),
    ("alarm.unlisten", {"device": "x", "by": "n"}, -32001, "one that is heard: none"),
]


@pytest.mark.parametrize(("method", "params", "code", "said"), REFUSALS)
def test_what_cannot_be_is_refused(
    house: House, method: str, params: dict[str, Any], code: int, said: str
) -> None:
    house.delegate()
    refused = house.bed.peer.error(method, **params)
    assert refused["code"] == code
    assert said in refused["message"]


def test_an_offer_of_somebody_else_is_refused(house: House, inprocess: Start) -> None:
    house.delegate()
    offer = house.refresh(None)
    station = Ward(inprocess)
    listen = {"device": house.device, "name": "another", "by": "n"}
    station.peer.result("alarm.listen", **listen)
    refused = station.peer.error("alarm.arrive", device=house.device, offer=offer)
    assert "receiver: found 'station', accepted is 'another'" in refused["message"]
    assert station.peer.error("alarm.listen", **listen)["code"] == -32001
