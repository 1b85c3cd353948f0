"""Does a device speak the protocol? Named checks, each with the rule it stands for.

Each check gets a running device and either returns what it saw or raises the finding. After a
finding the device is started anew, so that one fault does not colour the checks after it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edgeward_harness.errors import Finding
from edgeward_harness.target import checks_alarm as alarm
from edgeward_harness.target import checks_core as core
from edgeward_harness.target import checks_signal as signal
from edgeward_harness.target.faults import TRANSCRIPT
from edgeward_harness.target.trial import Trial


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of docs/protocol.md and how it is tried."""

    name: str
    capability: str
    rule: str
    attempt: Callable[[Trial], str]


CHECKS: Final = (
    Check("describe", "core", "every field, of the right type; protocol 1.x", core.describe),
    Check("clock-reading", "core", "now_ns is read while answering", core.clock_reading),
    Check("unknown-method", "core", "error -32601", core.unknown_method),
    Check(
        "capability-honesty",
        "core",
        "-32601 outside the listed capabilities",
        core.capability_honesty,
    ),
    Check("unknown-parameter", "core", "error -32602", core.unknown_parameter),
    Check("missing-parameter", "core", "error -32602", core.missing_parameter),
    Check("not-json", "core", "error -32700 with id null; the device goes on", core.not_json),
    Check("not-a-request", "core", "error -32600; no batches", core.not_a_request),
    Check("longest-line", "core", "1,048,576 bytes are a line", core.longest_line),
    Check(
        "over-long-line",
        "core",
        "error -32700 with id null; the device goes on",
        core.overlong_line,
    ),
    Check("pipelining", "core", "each request answered exactly once, by its id", core.pipelining),
    Check("large-id", "core", "the answer carries the same id", core.large_id),
    Check("configure-digest", "core", "SHA-256 over the canonical profile", core.configure_digest),
    Check("configure-type", "core", "error -32602", core.configure_type),
    Check(
        "infer-window", "infer", "an outcome with described model and labels", signal.infer_window
    ),
    Check("infer-invalid", "infer", "no_answer, never a normal label", signal.infer_invalid),
    Check("infer-parameters", "infer", "exactly one window, else -32602", signal.infer_parameters),
    Check(
        "late-unconfigured", "stream", "late is null before configure", signal.late_before_configure
    ),
    Check(
        "stream-windows", "stream", "one result a window, exact, in order", signal.stream_windows
    ),
    Check("stream-gap", "stream", "missing samples count as invalid", signal.stream_gap),
    Check("stream-mask", "stream", "masked and non-finite samples are invalid", signal.stream_mask),
    Check("stream-past", "stream", "-32602, nothing overwritten", signal.stream_past),
    Check("stream-states", "stream", "error -32001", signal.stream_states),
    Check("stream-parameters", "stream", "error -32602", signal.stream_parameters),
    Check(
        "late-configured", "stream", "decision later than the budget", signal.late_after_configure
    ),
    Check(
        "event-instants",
        "stream",
        "instants on the device's clock, in order",
        signal.event_instants,
    ),
    Check(
        "events-cursor",
        "stream",
        "greater than after, oldest first, at most limit",
        signal.events_cursor,
    ),
    Check(
        "event-kinds",
        "stream",
        "no unknown kind, except from a later minor",
        signal.event_kinds,
    ),
    Check("events-wait", "stream", "held back until an event or the time", signal.events_wait),
    Check("alarm-beats", "alarm", "told where asked for, in order (from 1.3 on)", alarm.beats),
    Check("alarm-cuff", "alarm", "systolic, diastolic, mean (from 1.3 on)", alarm.cuff),
    Check(
        "delegation",
        "delegation",
        "an offer for whom it was asked; -32602 for another's answer",
        alarm.delegation,
    ),
    Check(
        "indicators", "indicators", "a colour for each sample; emulated or not", alarm.indicators
    ),
    Check("resources", "resources", "each reading with its provenance", core.resources),
    Check("clock-advance", "clock", "moves by advance_ns", core.clock_advance),
    Check("restart", "restart", "status 75, then one epoch later", core.restart),
    Check("shutdown", "core", "answered, then status 0 within 5 s", core.shutdown),
    Check("end-of-input", "core", "status 0 within 5 s", core.end_of_input),
)
"""Every check, in the order they are tried; the last ones end the device."""


class Verdict(StrEnum):
    """What a check found."""

    PASS = "PASS"  # noqa: S105 - not a secret
    """The device did what the rule says."""
    FAIL = "FAIL"
    """It did not."""
    NOT_APPLICABLE = "n/a"
    """It does not offer the capability."""
    NOT_RUN = "not run"
    """It could not be asked at all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check's verdict: what was expected, what was seen, and the transcript of a failure."""

    check: Check
    verdict: Verdict
    seen: str
    transcript: str = ""


def run_checks(trial: Trial) -> Iterator[Outcome]:
    """Try every check; the device of the trial is ended afterwards.

    Raises:
        HarnessError: the device cannot be started, or not be told from us.
    """
    try:
        for position, check in enumerate(CHECKS):
            outcome = try_check(trial, check)
            yield outcome
            if position == 0 and outcome.verdict is Verdict.FAIL:
                yield from (Outcome(c, Verdict.NOT_RUN, "") for c in CHECKS[1:])
                return
    finally:
        trial.drop()


def try_check(trial: Trial, check: Check) -> Outcome:
    """Try one check; after a finding the trial's device is ended.

    Raises:
        HarnessError: the device cannot be started.
    """
    try:
        if check.capability not in trial.capabilities:
            seen = f"{check.capability!r} is not offered"
            return Outcome(check, Verdict.NOT_APPLICABLE, seen)
        return Outcome(check, Verdict.PASS, check.attempt(trial))
    except Finding as finding:
        trial.drop()
        transcript = finding.attachments.get(TRANSCRIPT, b"").decode("utf-8")
        seen = f"{finding.title}\n{finding.detail}".rstrip()
        return Outcome(check, Verdict.FAIL, seen, transcript)
