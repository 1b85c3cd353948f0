"""The device: what each method of the protocol means. How requests travel is the agent's business.

A device with a seeded defect overrides one method of this class; `publish` and `decide` are there
for that as much as for the device itself.
"""

from typing import TYPE_CHECKING, Any

import edgeward
from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.host import build_sha256
from edgeward.adapters.scheduling import Granted, Wish
from edgeward.canonical import digest
from edgeward.device.answers import Ending, Result, Waiting
from edgeward.device.identity import Identity, start_identity
from edgeward.device.outgoing.way_out import WayOut
from edgeward.device.parameters import bad_parameters
from edgeward.device.parts import Parts as Parts
from edgeward.device.parts import check_models
from edgeward.device.rpc import Code, RpcError, shown
from edgeward.errors import LimitError, StreamError
from edgeward.process.decision import Decider, Decision
from edgeward.process.events import EventLog, Tellable
from edgeward.process.ladder import Ladder
from edgeward.process.processor import Hooks, Processor
from edgeward.process.stream import Block, ResultEvent, Stream
from edgeward.process.technical import Condition, TechnicalEvent
from edgeward.process.watching import RuleReport
from edgeward.signal.windows import Mask, Samples, Windower, clean

if TYPE_CHECKING:  # loaded with the first patient, or the first record
    from collections.abc import Sequence

    from edgeward.comms.record import Offered, Receipt
    from edgeward.device.bedside.bedside import Bedside
    from edgeward.device.bedside.start import Started
    from edgeward.device.bedside.telling import BedsideEvent

PROTOCOL = "1.5"
OF_ALARMS = ("alarm", "delegation", "indicators")
INDICATORS = {name: {"emulated": True} for name in ("sound", "light", "display")}
DEVICE_MODEL = "reference"
_NS_PER_MS = 1_000_000
_STEP_NS = 1_000_000_000
"""A simulated clock moves by as much at a time, so that what is due meanwhile comes in its turn,"""
_IDLE_STEP_NS = 20 * _STEP_NS
"""or by as much where no patient is watched,"""
_STEPS_MAX = 100_000
"""unless that were more steps than these."""


EXIT_SHUTDOWN = 0
EXIT_RESTART = 75


class Device:
    """One device from its start to its end."""

    def __init__(self, parts: Parts) -> None:
        """Start: take the identity, count the epoch, begin with no stream, event or profile.

        Raises:
            StoreError: the identity or the epoch cannot be read or written.
            ModelError: the thinner model, or that of beats, takes or answers something else.
        """
        self.parts = parts
        self.clock = parts.clock
        self.limits = parts.limits
        self.identity: Identity = start_identity(parts.store, parts.entropy)
        self.events = EventLog(parts.limits.events_kept_max)
        self.decider = Decider(parts.engine, parts.clock)
        check_models(parts)
        hooks = Hooks(self.decide, self.decider.decline, self.publish, self.report, self.step)
        self.processor = Processor(parts.clock, hooks, parts.limits, parts.pace)
        self._granted: Granted | None = None
        self.bedside: Bedside | None = None
        """Patients and their alarms; None while there never were any."""
        self.started: Started | None = None
        """The same, with what gives the signals."""
        self.way_out = WayOut(self.identity.id, parts.records, parts.clock, parts.entropy)
        self._records_fault = ""
        self._look_after_records()
        if parts.alarm_media.used:
            self.open_bedside()

    def open_bedside(self) -> "Bedside":
        """The bedside, started when it is first asked for: a device without patients needs none.

        Raises:
            StoreError: another process holds the place of the alarm journal.
        """
        if self.bedside is None:
            from edgeward.device.bedside.start import start_bedside

            self.started = start_bedside(
                self.clock,
                self.limits,
                self.identity.epoch,
                self.tell,
                self.parts.alarm_media,
                self.parts.annunciators,
                self.identity.serial,
                self.parts.engine,
                self.parts.beat_engine,
                self.way_out.take,
            )
            self.bedside = self.started.bedside
        return self.bedside

    def close(self) -> None:
        """Write what the alarm journal and the outbox still wait with. Closing twice is fine."""
        if self.started is not None:
            self.started.recorder.close()
        self.way_out.close()

    def capabilities(self) -> tuple[str, ...]:
        """What this device can be asked."""
        optional = {
            "outbox": self.way_out.there,
            "carried": self.way_out.there,
            "attestation": self.way_out.there,
            "clock": self.clock.simulated,
            "restart": self.parts.restartable,
        }
        extra = tuple(name for name, present in optional.items() if present)
        return ("core", "infer", "stream", *OF_ALARMS, "resources", *extra)

    # core

    def describe(self) -> Result:
        """Who this is, what runs here, what it can be asked, and what time it is."""
        taken = self.parts.engine.card.input
        return {
            "protocol": PROTOCOL,
            "device": {
                "model": DEVICE_MODEL,
                "serial": self.identity.serial,
                "id": self.identity.id,
                "epoch": self.identity.epoch,
            },
            "software": {
                "name": "edgeward",
                "version": edgeward.__version__,
                "build_sha256": build_sha256(),
            },
            "models": [
                {
                    "name": one.card.name,
                    "version": one.card.version,
                    "sha256": one.card.sha256,
                    "labels": list(one.card.labels),
                }
                for one in (self.parts.engine, self.parts.thinner, self.parts.beat_engine)
                if one is not None
            ],
            "capabilities": list(self.capabilities()),
            "inputs": [
                {
                    "signal": taken.signal,
                    "unit": taken.unit,
                    "rate_hz": taken.rate_hz,
                    "window_samples": taken.window_samples,
                    "hop_samples": taken.hop_samples,
                }
            ],
            "indicators": INDICATORS,
            "clock": {"now_ns": self.clock.monotonic_ns(), "simulated": self.clock.simulated},
            **self._scheduling(),
        }

    def configure(self, profile: dict[str, Any]) -> Result:
        """Put a device profile in force.

        Raises:
            RpcError: a stream is open, or the profile cannot be accepted; nothing was changed.
        """
        from edgeward.profile import ProfileError, parse_profile  # a start does not need it

        if self.processor.streams:
            names = ", ".join(sorted(self.processor.streams))
            raise RpcError(Code.REFUSED, f"streams are open ({names}); close them, then configure")
        try:
            accepted = parse_profile(profile)
            profile_sha256 = digest(profile)
        except ProfileError as error:
            raise bad_parameters([f"profile: {fault}" for fault in error.faults]) from error
        except (ValueError, RecursionError) as error:
            raise bad_parameters([f"profile: has no canonical form: {error}"]) from error
        path = accepted.budget.latency.get("window_to_result")
        self.processor.lateness.set_budget_ms(None if path is None else path.max_ms)
        compute = accepted.compute
        self._schedule(Wish(compute.scheduling_policy.value, compute.scheduling_priority))
        self.way_out.configure(accepted, profile_sha256)
        self._look_after_records()
        return {"profile_sha256": profile_sha256}

    def restart(self) -> Ending:
        """End, to be started again by whoever started this."""
        return Ending(EXIT_RESTART)

    def shutdown(self) -> Ending:
        """End for good."""
        return Ending(EXIT_SHUTDOWN)

    # infer and stream

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        """Judge one window: the one place where a model is asked."""
        return self.decider.decide(samples, valid_samples)

    def publish(self, event: ResultEvent) -> None:
        """Tell a result: the one place where results come from."""
        self._append(event)

    def tell(self, event: "BedsideEvent") -> None:
        """Tell a number about a patient, or an entry of the alarm journal."""
        self._append(event)

    def report(self, event: TechnicalEvent | RuleReport) -> None:
        """Tell what is wrong with this device, or what a rule has found."""
        self._append(event)

    def _append(self, event: Tellable) -> None:
        self.events.append(event)
        self.way_out.hand_over(event)
        self._look_after_records()

    def keep(self, offered: "Sequence[Offered]") -> "Sequence[Receipt]":
        """Keep records until a receiver has them."""
        try:
            return self.way_out.accept(offered)
        finally:
            self._look_after_records()

    def step(self, ladder: Ladder) -> None:
        """The rung of the ladder has changed: answer with the model that belongs to it."""
        thinner = self.parts.thinner
        self.decider.use(thinner if thinner and ladder.thinner_model else self.parts.engine)

    def infer(self, samples: Samples, valid: Mask | None) -> Result:
        """Judge one window outside of any stream.

        Raises:
            RpcError: it is not one window of samples, or the mask has another length.
        """
        window_samples = self.parts.engine.card.input.window_samples
        faults = []
        if len(samples) != window_samples:
            faults.append(f"samples: found {len(samples)}, accepted: {window_samples}")
        if valid is not None and len(valid) != len(samples):
            faults.append(f"valid: found {len(valid)} values for {len(samples)} samples")
        if faults:
            raise bad_parameters(faults)
        cleaned, validity = clean(samples, valid)
        decision = self.decide(cleaned, int(validity.sum()))
        return {**decision.to_dict(), "elapsed_ns": decision.elapsed_ns}

    def stream_open(self, stream: str) -> Result:
        """Open a stream; its first sample has index 0.

        Raises:
            RpcError: it is open already.
            LimitError: too many streams are open.
        """
        if stream in self.processor.streams:
            raise RpcError(Code.REFUSED, f"stream {shown(stream)} is open already; close it first")
        taken = self.parts.engine.card.input
        self.processor.open(stream, Windower(taken.window_samples, taken.hop_samples))
        return {"window_samples": taken.window_samples, "hop_samples": taken.hop_samples}

    def stream_push(self, stream: str, block: Block) -> Result:
        """Take samples; every window they complete yields one event before this returns.

        Raises:
            RpcError: the stream is not open, or the block does not fit its end.
            LimitError: the block, or the gap before it, is too long.
        """
        self._open(stream)
        try:
            target = self.processor.offer(stream, block)
        except StreamError as error:
            raise bad_parameters([str(error)]) from error
        return {"next": target.next_sample}

    def stream_close(self, stream: str) -> Result:
        """Close a stream and say what it had; an incomplete window yields nothing.

        Raises:
            RpcError: the stream is not open.
        """
        self._open(stream)
        target = self.processor.close(stream)
        return {"samples": target.next_sample, "windows": target.windows}

    def wait_for_events(self, after: int, wait_ms: int, limit: int) -> Result | Waiting:
        """The events after a cursor, or what to wait for when there are none yet.

        Raises:
            RpcError: the cursor lies in the future.
            LimitError: the wait is too long.
        """
        if after > self.events.last:
            raise bad_parameters([f"after: found {after}, accepted: 0 to {self.events.last}"])
        if wait_ms > self.limits.wait_ms_max:
            raise LimitError(f"wait_ms {wait_ms} exceeds wait_ms_max = {self.limits.wait_ms_max}")
        if wait_ms == 0 or after < self.events.last:
            return self.read_events(after, limit)
        return Waiting(after, limit, self.clock.monotonic_ns() + wait_ms * _NS_PER_MS)

    def read_events(self, after: int, limit: int) -> Result:
        """The events after a cursor, as many as were asked for and fit into one line."""
        events = self.events.after(after, min(limit, self.limits.events_answer_max))
        reached = events[-1]["cursor"] if events else after
        return {"events": events, "next": reached, "dropped": self.events.dropped}

    # resources and clock

    def resources(self) -> Result:
        """What the device uses and has counted; what it cannot know is null."""
        host = self.parts.host
        return {
            "rss_bytes": _reading(host.rss_bytes() if host else None),
            "cpu_seconds": _reading(host.cpu_seconds() if host else None),
            "late_results": _reading(self.processor.lateness.late_results),
            "model_faults": _reading(self.decider.model_faults),
            "events_dropped": _reading(self.events.dropped),
            "temperature_c": _reading(host.temperature_c() if host else None),
        }

    def advance_clock(self, advance_ns: int, wall_jump_ns: int) -> Result:
        """Move the simulated clock on; then set its wall clock on or back.

        Raises:
            LimitError: too far at once.
        """
        if advance_ns > self.limits.advance_ns_max:
            raise LimitError(
                f"advance_ns {advance_ns} exceeds advance_ns_max = {self.limits.advance_ns_max}"
            )
        least_ns = _IDLE_STEP_NS if self.bedside is None else _STEP_NS
        step_ns = max(least_ns, advance_ns // _STEPS_MAX + 1)
        for passed_ns in range(0, advance_ns, step_ns):
            self.clock.sleep_ns(min(step_ns, advance_ns - passed_ns))  # a sleep is a step there
            if self.bedside is not None:
                self.bedside.advance()
            self.way_out.turn()
            self._look_after_records()
        if isinstance(self.clock, SimulatedClock):
            self.clock.jump_wall(wall_jump_ns)
        return {"now_ns": self.clock.monotonic_ns()}

    def _schedule(self, wish: Wish) -> None:
        """Ask for a real-time class where the profile does, and tell when it was not granted."""
        scheduling = self.parts.scheduling
        conditions = self.processor.conditions
        if scheduling is None or (wish.policy != "fifo" and self._granted is None):
            return  # what somebody else arranged for this process stays
        self._granted = scheduling.apply(wish)
        if wish.policy == "fifo" and not self._granted.real_time:
            conditions.raise_(Condition.NOT_REAL_TIME, None, self._granted.label)
        else:
            conditions.clear(Condition.NOT_REAL_TIME, None, self._granted.label)

    @property
    def scheduling_label(self) -> str:
        """What may be claimed about how the clinical path is run, in words."""
        if self.parts.scheduling is None:
            return "simulated: no claim about time"
        granted = self._granted or Granted(Wish(), self.parts.scheduling.observe(), ())
        return granted.label

    def _scheduling(self) -> Result:
        scheduling = self.parts.scheduling
        return {} if scheduling is None else {"scheduling": scheduling.observe().to_dict()}

    def _look_after_records(self) -> None:
        """A device that cannot keep records says so, and watches all the same."""
        fault = self.way_out.fault  # of another thread: read once
        if fault == self._records_fault:
            return
        conditions, self._records_fault = self.processor.conditions, fault
        if fault:
            conditions.raise_(Condition.RECORDS_LOST, None, fault)
        else:
            conditions.clear(Condition.RECORDS_LOST, None, "records are kept again")

    def _open(self, name: str) -> Stream:
        stream = self.processor.streams.get(name)
        if stream is None:
            known = ", ".join(sorted(self.processor.streams)) or "none"
            raise RpcError(Code.REFUSED, f"stream {shown(name)} is not open; open: {known[:200]}")
        return stream


def _reading(value: float | None) -> dict[str, Any]:
    """A value with its provenance: measured, or unknown and then null."""
    return {"value": value, "provenance": "unknown" if value is None else "measured"}
