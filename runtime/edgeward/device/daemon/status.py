"""`edgeward status`: how a running device is doing.

Exit status: 0 it runs and nothing is wrong with it; 1 it runs and says that something is; 2 none
runs, or it does not answer. An alarm of a patient is nothing that is wrong with the device.
"""

import argparse
import json
from typing import TYPE_CHECKING, Any

from edgeward.device.daemon.alarm_words import alarm_line, marks, numbers, summary
from edgeward.device.daemon.control import ask_status
from edgeward.device.daemon.folder import add_state, state_of
from edgeward.device.daemon.wording import milliseconds, outcomes

if TYPE_CHECKING:
    from edgeward.device.daemon.daemon import Daemon
    from edgeward.device.daemon.slow import SlowSide
    from edgeward.monitor.reading import Reading
    from edgeward.profile import Profile

SCHEMA = 1
"""Of the JSON; a field may be added under the same number, and none removed or changed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_state(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, with stable fields")


def run(options: argparse.Namespace) -> int:
    """Ask and print.

    Raises:
        NotRunningError: no daemon answers.
    """
    status = ask_status(state_of(options))
    print(json.dumps(status, indent=2) if options.json else as_text(status))
    return 1 if status["conditions"] else 0


def status_of(daemon: "Daemon", slow: "SlowSide", profile: "Profile") -> dict[str, Any]:
    """What the daemon says about itself."""
    device, snapshot = daemon.device, daemon.snapshot
    card = device.parts.engine.card
    told = snapshot.to_dict()
    told["conditions"] += [event.to_dict() for event in slow.active()]
    return {
        "schema": SCHEMA,
        "device": {"id": device.identity.id, "serial": device.identity.serial},
        "profile": {"name": profile.name, "sha256": profile.sha256},
        "model": {"name": card.name, "version": card.version, "sha256": card.sha256},
        "mode": device.processor.pace.mode.value,
        "source": daemon.source.said,
        "uptime_s": round((device.clock.monotonic_ns() - daemon.started_ns) / 1e9, 1),
        "log": slow.counts.to_dict(),
        "resources": {**device.resources(), **_machine(slow)},
        "records": device.way_out.state(),
        "unwatched": daemon.unwatched,
        **told,
    }


def _machine(slow: "SlowSide") -> dict[str, Any]:
    """What the last look at the machine gave, with the provenance and the age of each figure."""
    readings = {} if slow.report is None else slow.report.readings
    now_ns = slow.clock.monotonic_ns()
    return {name: _aged(reading, now_ns) for name, reading in readings.items()}


def _aged(reading: "Reading", now_ns: int) -> dict[str, Any]:
    age_ns = reading.age_ns(now_ns)
    return {**reading.to_dict(), "age_s": None if age_ns is None else round(age_ns / 1e9, 1)}


def as_text(status: dict[str, Any]) -> str:
    """The status for a person."""
    windows, blocks = status["windows"], status["blocks"]
    times = milliseconds(status["latency_ns"]["sample_to_told"])
    device = f"{status['device']['serial']}, start {status['epoch']}"
    source = f"{status['source']}, {len(status['streams'])} streams, mode {status['mode']}"
    rows = [
        ("device", f"{device}, up {status['uptime_s']:,.0f} s"),
        ("profile", status["profile"]["name"]),
        ("model", f"{status['model']['name']} {status['model']['version']}"),
        ("source", source),
        ("results", f"{outcomes(windows)}, {windows['late']:,} late"),
        ("latency", f"{times} ms (p50 / p99 / p99.9 / max)"),
        ("backlog", f"{blocks['waiting']:,} waiting, {blocks['given_up']:,} given up"),
        ("refused", _refused(status)),
        ("log", _log(status)),
        ("records", _records(status)),
        ("rung", status["rung"]),
        ("scheduling", status["scheduling"]),
        *_watched(status),
        *(("condition", _condition(one)) for one in status["conditions"]),
    ]
    if not status["conditions"]:
        rows.append(("wrong", "nothing"))
    return "\n".join(f"{name:<11}{text}" for name, text in rows)


def _watched(status: dict[str, Any]) -> list[tuple[str, str]]:
    """The alarms, the most urgent first, and the numbers of each patient."""
    watched = status["watched"]
    if watched is None:
        return [("alarms", f"NONE: nobody is watched, {status['unwatched']}")]
    rows = [("alarms", summary(watched))]
    rows += [("", line) for line in (*marks(watched), *map(alarm_line, watched["alarms"]))]
    rows.append(("patients", f"{len(watched['patients'])} watched"))
    rows += [("", f"{name}  {numbers(found)}") for name, found in watched["patients"].items()]
    return rows


def _refused(status: dict[str, Any]) -> str:
    refused = sorted(status["refused"].items())
    return ", ".join(f"{count:,} {why}" for why, count in refused) or "nothing"


def _log(status: dict[str, Any]) -> str:
    log, handed = status["log"], status["handed_over"]
    lost = log["unlogged"] + handed["lost_results"] + handed["lost_others"]
    return f"{log['logged']:,} records, {lost:,} lost"


def _records(status: dict[str, Any]) -> str:
    records = status["records"]
    if records is None:
        return "kept nowhere: edgeward link says how"
    link = records["link"]
    queued = f"{records['queued']:,} wait, {records['delivered']:,} delivered"
    if link is None:
        return f"{queued}, {'carried by hand' if records['by_hand'] else 'no receiver'}"
    return f"{queued}, receiver {link['state']}{': ' if link['trouble'] else ''}{link['trouble']}"


def _condition(event: dict[str, Any]) -> str:
    where = f" of {event['stream']}" if event["stream"] else ""
    return f"{event['condition']}{where}: {event['text']}"
