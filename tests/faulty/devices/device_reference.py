"""The widely copied reference design, built anew from what is known of it: `device_reference.py`.

Own code, written from descriptions of what that design does (`known_faults.toml` lists it, by
number; the numbers stand in brackets here), behind the device protocol as somebody would put it
there who wants it verified: its words for severity are translated, and what it does not have is
answered as if it had. Nothing is added that it does not do.

As it stands, most of it never does anything: its loop sleeps, its heart rate is a constant. So
there is a second one, `mended`, in which each reading reaches the rule that was written for it;
what is wrong with the rules and with the life of its alerts shows there.
"""

import random
import sys
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from device_reference_monitor import TABLE, Monitor, Reading

from edgeward.device.agent import Agent
from edgeward.device.answers import Result
from edgeward.device.device import Device, Parts
from edgeward.device.method import Method
from edgeward.device.parameters import Parameter, mask, samples
from edgeward.device.serve import main
from edgeward.ports import Link
from edgeward.process.decision import Decision
from edgeward.process.events import Event, EventLog, Tellable
from edgeward.process.stream import Block, ResultEvent
from edgeward.signal.windows import Mask, Samples, clean

TYPE = "bedside_monitor"
KEPT = 1000
S = 1_000_000_000


class Popped(EventLog):
    """What was read is gone, whoever read it [38]; when it is full, the newest is lost [19, 41]."""

    def __init__(self) -> None:
        super().__init__(KEPT)
        self.queue: deque[tuple[int, Tellable]] = deque()
        self.count = 0

    @property
    def last(self) -> int:
        return self.count

    @property
    def dropped(self) -> int:
        return 0

    def append(self, event: Tellable) -> int:
        if len(self.queue) >= KEPT:
            sys.stderr.write("queue full, dropping\n")
            return self.count
        self.count += 1
        self.queue.append((self.count, event))
        return self.count

    def after(self, cursor: int, limit: int) -> list[Event]:
        taken = [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]
        return [{"cursor": number, **event.to_dict()} for number, event in taken]


class Plain:
    """Something to tell that is a dictionary already."""

    def __init__(self, **what: Any) -> None:
        self.what = what

    def to_dict(self) -> Event:
        return self.what


class ReferenceDesign(Device):
    """Its wearable, its gateway and its bedside half in one process, as in its own `main`."""

    mended = False

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.events = Popped()
        self.monitor = Monitor(self.tell_alert, mended=self.mended)
        self.previous: Decision | None = None
        self.pushed: dict[str, tuple[int, int]] = {}
        self.seq = 0

    def describe(self) -> Result:
        """Its identity is its type: every such monitor is the same device [45]."""
        told = super().describe()
        return {**told, "device": {**told["device"], "id": TYPE, "serial": TYPE}}

    # the streams of its bedside half

    def infer(self, samples: Samples, valid: Mask | None) -> Result:
        """The model is asked about a mean [32]; the time that it took is never filled in [40]."""
        decision = self.about_the_mean(samples, valid)
        return {**decision.to_dict(), "elapsed_ns": 0}

    def about_the_mean(self, samples: Samples, valid: Mask | None) -> Decision:
        cleaned, validity = clean(samples, valid)
        mean = float(cleaned[validity].mean()) if validity.any() else 0.0
        window = self.parts.engine.card.input.window_samples
        return self.decide(np.full(window, mean, np.float32), window)

    def stream_push(self, stream: str, block: Block) -> Result:
        """Puts the block into a queue and reads at once: the result of the one before [39].

        There are no windows; the size and the overlap that it was given are not used [42].
        """
        self._open(stream)
        samples_seen, results = self.pushed.get(stream, (0, 0))
        decided = self.about_the_mean(block.samples, block.mask)
        before, self.previous = self.previous, decided._replace(decided_ns=block.acquired_ns)
        last = block.first + len(block.samples) - 1
        if before is not None:
            told = before._replace(decided_ns=block.acquired_ns)
            self.publish(
                ResultEvent(stream, results, block.first, last, len(block.samples), told,
                            block.acquired_ns, late=False)
            )  # fmt: skip
            results += 1
        self.pushed[stream] = samples_seen + len(block.samples), results
        return {"next": last + 1}

    def stream_close(self, stream: str) -> Result:
        super().stream_close(stream)
        seen, results = self.pushed.pop(stream, (0, 0))
        return {"samples": seen, "windows": results}

    def resources(self) -> Result:
        """Power and temperature are random numbers, told as if they were measured [35]."""
        told = super().resources()
        for name, low, high in (("temperature_c", 35.0, 75.0), ("power_w", 2.0, 8.0)):
            told[name] = {"value": random.uniform(low, high), "provenance": "measured"}
        return told

    # patients

    def tell_alert(self, what: str, alert: dict[str, Any], now_ns: int, wall_ns: int) -> None:
        """An alert, or a number."""
        if what == "vital":
            self.events.append(Plain(kind="vital", at_ns=now_ns, **alert))
            return
        self.seq += 1
        self.events.append(
            Plain(
                kind="alarm", what=what, epoch=self.identity.epoch, seq=self.seq, at_ns=now_ns,
                wall_ns=wall_ns, patient=alert["patient"], who="", text="", alarm=alert,
                scope=None, given=None,
            )
        )  # fmt: skip

    def advance_clock(self, advance_ns: int, wall_jump_ns: int) -> Result:
        told = super().advance_clock(advance_ns, wall_jump_ns)
        self.turn()
        return told

    def turn(self) -> None:
        """Let the loop of the monitor do what is due."""
        self.monitor.run(self.clock.monotonic_ns(), self.clock.wall_ns())

    def push(self, patient: str, channel: str, first: int, samples: Samples, **_: Any) -> Result:
        self.turn()
        return {"next": self.monitor.push(patient, channel, first, samples)}

    def state(self, patient: str | None) -> Result:
        """Whatever it ever alerted to is active; of acknowledgements it knows and makes nothing."""
        now_ns = self.clock.monotonic_ns()
        up = [
            {**one, "audible": "on", "visible": "on"}
            for one in self.monitor.active.values()
            if patient in (None, one["patient"])
        ]
        ranks = ("low", "medium", "high")
        worst = max(up, key=lambda one: ranks.index(one["priority"]), default=None)
        urgent, of = (None, None) if worst is None else (worst["priority"], worst["id"])
        readings: dict[str, Reading] = {} if patient is None else self.monitor.readings[patient]
        return {
            "at_ns": now_ns, "readings": readings, "audible": urgent, "audible_alarm": of,
            "visible": urgent, "visible_alarm": of, "alarms": up, "inactive": [],
            "self_check_ns": now_ns,
        }  # fmt: skip

    def acknowledge(self, alarm: str, by: str) -> Result:
        """Noted, and never looked at again [18]."""
        self.monitor.acknowledged[alarm] = by
        return {}

    def set_limits(self, patient: str, vital: str, unit: str, by: str, **bounds: Any) -> Result:
        """Takes whatever it is given [14], shows it, and judges by what is in its code [11]."""
        inner = TABLE.get(vital, (None,) * 4)
        usual = dict(zip(("low_critical", *BOUNDS[:2], "high_critical"), inner, strict=True))
        shown = self.monitor.limits.setdefault((patient, vital), usual)
        shown |= {name: value for name, value in bounds.items() if value is not NOT_GIVEN}
        return {"unit": unit, **shown}

    def close(self) -> None:
        """Its thread is only asked to stop between two turns of its loop [30]."""
        self.clock.sleep_ns(len(self.monitor.devices) * S)
        super().close()


class Mended(ReferenceDesign):
    """As its author meant it: see `Monitor`."""

    mended = True


NOT_GIVEN = object()
BOUNDS = ("low_warning", "high_warning", "low_critical", "high_critical")
CONDITIONS = ("heart_rate", "spo2", "temperature", "fall_detected", "device_timeout")


def described() -> Result:
    """What it would disclose."""
    condition = {
        "kind": "physiological", "priority": "high", "critical_priority": "high",
        "condition_delay_ms": 0, "signal_delay_ms": 0, "clear_delay_ms": 0, "acknowledge_ms": 0,
        "latching": "none", "may_switch_off": True, "text": "",
    }  # fmt: skip
    units = {"heart_rate": "/min", "spo2": "%", "temperature": "Cel"}
    return {
        "channels": {"ecg": {"units": ["mV"], "rates_hz": [[125, 1000]], "axes": 1}},
        "vitals": {name: {"unit": unit} for name, unit in units.items()},
        "conditions": dict.fromkeys(CONDITIONS, condition),
        "audio_pause_max_ms": 120_000,
    }


def silence(from_ns: int, samples: int) -> Result:
    """Its log says that somebody was notified; nothing is heard [22]."""
    heard = np.zeros(samples, "<f4").tobytes()
    return {"rate_hz": 16_000, "samples": b64encode(heard).decode("ascii")}


def anything(value: object) -> Any:
    """Whatever it is."""
    return value


class ReferenceAgent(Agent):
    """The agent with the methods about patients that belong to this device."""

    def __init__(self, device: Device, link: Link) -> None:
        super().__init__(device, link)
        assert isinstance(device, ReferenceDesign)
        calls: dict[str, tuple[str, Callable[..., Result]]] = {
            "patient.admit": ("patient category", device.monitor.admit),
            "patient.discharge": ("patient", device.monitor.discharge),
            "patient.attach": ("patient channel signal unit rate_hz", device.monitor.attach),
            "patient.detach": ("patient channel", lambda **_: {"samples": 0}),
            "patient.push": ("patient channel first samples valid? acquired_ns?", device.push),
            "patient.state": ("patient", device.state),
            "alarm.describe": ("", described),
            "alarm.acknowledge": ("alarm by", device.acknowledge),
            "alarm.reset": ("patient by", lambda **_: {"ended": []}),
            "alarm.inactivate": ("patient state duration_ms? by", lambda **_: {}),
            "alarm.resume": ("patient by", lambda **_: {}),
            "alarm.switch": ("patient condition on by", lambda **_: {}),
            "alarm.limits": (
                "patient vital unit by " + "? ".join([*BOUNDS, ""]),
                device.set_limits,
            ),
            "alarm.sound": ("from_ns samples", silence),
        }
        self.methods |= {name: method(*each) for name, each in calls.items()}


def method(parameters: str, call: Callable[..., Result]) -> Method:
    """A method of the protocol that takes what it is given."""
    readers: dict[str, Callable[[object], Any]] = {"samples": samples, "valid": mask}
    taken = tuple(
        Parameter(
            name.rstrip("?"),
            readers.get(name.rstrip("?"), anything) if "first" in parameters else anything,
            required=not name.endswith("?"),
            default=NOT_GIVEN,
        )
        for name in parameters.split()
    )
    return Method("alarm", taken, lambda given, _: call(**given))


DEVICES: dict[str, Callable[[Parts], Device]] = {"as_it_is": ReferenceDesign, "mended": Mended}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEVICES[sys.argv[1]], make_agent=ReferenceAgent))
