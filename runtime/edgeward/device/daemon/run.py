"""`edgeward run`: process patients until they end, or somebody ends it."""

import argparse
import contextlib
import math
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.adapters.core_dumps import leave_no_core
from edgeward.device.daemon.folder import profiles_in, state_of
from edgeward.device.daemon.run_options import OptionError, configure
from edgeward.device.stored_model import stored_engine

if TYPE_CHECKING:
    from edgeward.device.admission import Turns
    from edgeward.device.daemon.carried_jobs import Ask
    from edgeward.device.daemon.daemon import Daemon, DaemonDevice
    from edgeward.device.daemon.registry import Registry
    from edgeward.device.daemon.source import Source
    from edgeward.device.device import Parts
    from edgeward.device.outgoing.carrying import Carrier
    from edgeward.profile import Profile

__all__ = ["configure", "run"]
SWITCH_S = 0.0005
"""How soon another thread gives the interpreter back to the clinical one: a tenth of the usual."""


def run(options: argparse.Namespace) -> int:
    """Run the daemon; 0 it ended well, 1 results were late, declined, not told or not logged.

    The folder is claimed before anything else: a second daemon started by mistake must not switch
    the outputs of the one that runs, nor write into its log.

    Raises:
        EdgewardError: it cannot start.
    """
    from edgeward.adapters.notify import ServiceManager
    from edgeward.adapters.sensors import Sensors
    from edgeward.device.daemon.control import Control
    from edgeward.device.daemon.journal import Journal
    from edgeward.device.daemon.report import Progress, closing, exit_status, opening
    from edgeward.device.daemon.slow import SlowSide, start_slow_thread
    from edgeward.device.daemon.status import status_of
    from edgeward.monitor.monitor import Monitor, Reserves

    leave_no_core()
    state = state_of(options)
    profile = _profile(options)
    with contextlib.ExitStack() as held:
        control = held.enter_context(
            contextlib.closing(Control(state, lambda: status_of(daemon, slow, profile)))
        )
        daemon = _daemon(options, profile, state, held)
        held.callback(daemon.device.close)
        journal = held.enter_context(contextlib.closing(Journal(state)))
        manager = ServiceManager()
        clock = daemon.device.clock
        slow = SlowSide(daemon, journal, manager, clock)
        slow.monitor = Monitor(Sensors(), profile, clock, state, slow.flush, Reserves())
        control.ask = _also_carried(daemon, control.ask if daemon.ask is None else daemon.ask)
        control.start()
        if options.metrics:
            from edgeward.device.daemon.metrics import start_metrics

            held.enter_context(
                contextlib.closing(start_metrics(options.metrics, lambda: daemon.snapshot))
            )
        print(opening(daemon, profile, state), file=sys.stderr)
        stop_slow = threading.Event()
        thread = start_slow_thread(slow, stop_slow)
        progress = Progress(daemon, sys.stderr, quiet=options.quiet)
        try:
            with _signals() as stop, progress:
                manager.ready()
                daemon.run(stop.is_set)
        finally:  # whatever ended it, what was handed over is logged
            manager.stopping()
            stop_slow.set()
            thread.join()
        print(closing(daemon.snapshot, slow), file=sys.stderr)
    return exit_status(daemon.snapshot, slow)


def _also_carried(daemon: "Daemon", others: "Ask") -> "Ask":
    """Answers about media too, on a thread of their own."""
    from edgeward.device.daemon.carried_jobs import CarriedJobs

    def carrier() -> "Carrier | None":
        opened = daemon.device.way_out.opened
        return None if opened is None else opened.carrier

    return CarriedJobs(carrier, others).ask


def _profile(options: argparse.Namespace) -> "Profile":
    from edgeward.profile import load_profile

    folders = profiles_in()
    if options.profiles is not None:
        folders = [options.profiles, *folders]
    return load_profile(options.profile, folders).profile


def _daemon(
    options: argparse.Namespace, profile: "Profile", state: Path, held: contextlib.ExitStack
) -> "Daemon":
    """The device with its profile in force, and its source.

    It takes no more streams than its deadlines were proven for.
    """
    from dataclasses import replace

    from edgeward.adapters.scheduling import freeze_garbage
    from edgeward.device.assembly import system_parts
    from edgeward.device.bedside.media import StoreMedia
    from edgeward.device.daemon.daemon import Daemon, DaemonDevice
    from edgeward.device.daemon.local import watch_with
    from edgeward.process.mode import Mode, pace_of

    engine = stored_engine(options.model_store, options.model_trust, profile)
    parts = system_parts(state, engine=engine)
    parts = replace(parts, pace=pace_of(profile, Mode(options.mode)))
    patients = parts.limits.streams_max
    if parts.pace.mode.keeps_pace:
        patients = min(patients, options.patients or max(1, profile.network.devices_max))
    unwatched = _unwatched(options, parts)
    turns = _turns() if unwatched is None else None  # before samples come: it takes a while
    source = _source(options, profile, parts, patients, others=unwatched is None)
    held.enter_context(contextlib.closing(source))
    patients = source.streams_expected or patients
    if patients > parts.limits.streams_max:
        accepted = f"accepted: at most streams_max = {parts.limits.streams_max}"
        raise OptionError(f"{source.said}: {patients} streams; {accepted}")
    parts = replace(parts, limits=replace(parts.limits, streams_max=patients))
    if unwatched is not None:
        parts = replace(parts, alarm_media=StoreMedia())
    device = DaemonDevice(parts)
    device.configure(profile.to_dict())
    watch = watch_with(options.rules, options.output, parts.engine.card.input, held)
    proof = _proof(options, profile, parts, patients, turns)
    registry = None if unwatched else _watch_patients(device, patients, options, state)
    daemon = Daemon(device, source, watch, proof)
    daemon.unwatched = unwatched
    if registry is not None:
        daemon.asked, daemon.ask = registry.asked, registry.ask
    sys.setswitchinterval(SWITCH_S)
    freeze_garbage()
    return daemon


def _unwatched(options: argparse.Namespace, parts: "Parts") -> str | None:
    """Why nobody is watched; None: patients are.

    How long an alarm may take, and how long a pause lasts, is time as it passes.
    """
    if options.without_alarms:
        return "it was asked for"
    if not parts.pace.mode.keeps_pace:
        return f"in the mode {parts.pace.mode.value} nobody waits for what is found"
    if options.speed != 1.0:
        return f"time passes {options.speed:g} times as fast as for a patient"
    return None


def _turns() -> "Turns":
    """What it takes to watch a patient on this machine."""
    from edgeward.device.admission import Turns
    from edgeward.device.admission_watching import turn_times_ns
    from edgeward.device.daemon.patients import TURN_NS

    return Turns(TURN_NS, turn_times_ns(TURN_NS))


def _proof(
    options: argparse.Namespace,
    profile: "Profile",
    parts: "Parts",
    patients: int,
    turns: "Turns | None",
) -> str:
    """Why the deadlines are kept.

    Raises:
        NotSchedulableError: they would not be.
    """
    from edgeward.device.admission import NotSchedulableError, prove

    if not parts.pace.mode.keeps_pace:
        return "none is needed: nobody waits for the results"
    try:
        proof = prove(parts.engine, profile, patients, speed=options.speed, turns=turns)
    except NotSchedulableError as error:
        hint = "; take fewer with --patients, or judge windows only with --without-alarms"
        raise NotSchedulableError(f"{error}{hint if turns else ''}") from error
    return f"{proof}{'; without the rules' if options.rules else ''}"


def _watch_patients(
    device: "DaemonDevice", patients: int, options: argparse.Namespace, state: Path
) -> "Registry":
    """Have the device watch its patients; who was connected, and what was up, its folder knows.

    Raises:
        StoreError: the folder cannot be read.
    """
    from edgeward.adapters.store import DirectoryStore
    from edgeward.alarm.vocabulary import Category
    from edgeward.device.daemon.asked import Asked
    from edgeward.device.daemon.belonging import Belonging
    from edgeward.device.daemon.patients import Patients
    from edgeward.device.daemon.registry import Registry
    from edgeward.gateway.association import Associations
    from edgeward.process.technical import Condition

    log = DirectoryStore(state / "associations")
    associations, damage = Associations.open(log, device.clock)
    bedside, conditions = device.open_bedside(), device.processor.conditions
    found = [f"{one.where}: {one.text}" for one in damage if not one.benign]
    if found:
        conditions.raise_(Condition.LOG_LOST, "associations", "; ".join(found))
    device.patients = Patients(
        bedside, device.clock, conditions, patients, Category(options.category), options.expect,
        Belonging(associations.copied()),
    )  # fmt: skip
    return Registry(associations, Asked(device), device.patients)


def _source(
    options: argparse.Namespace,
    profile: "Profile",
    parts: "Parts",
    streams_max: int,
    *,
    others: bool,
) -> "Source":
    """What `--source` names; with the channels that the model does not take, or without.

    Raises:
        OptionError: a figure nobody can use.
    """
    from edgeward.device.daemon.datagrams import DatagramSource
    from edgeward.device.daemon.simulated import SimulatedSource
    from edgeward.device.daemon.source import PlaybackSource, recorded

    where, clock, taken = options.source, parts.clock, parts.engine.card.input
    _check_figures(options, parts.limits.streams_max)
    if where.startswith(("udp:", "unix:")):
        return _ordered(DatagramSource(where, clock), options, parts, streams_max)
    if where.startswith(("mqtt:", "mqtts:")):
        from edgeward.device.daemon.mqtt import MqttSource

        return _ordered(MqttSource(where, clock), options, parts, streams_max)
    until_s = None if options.hours is None else options.hours * 3600
    if where == "simulated":
        count = options.patients or max(1, profile.network.devices_max)
        return SimulatedSource(
            count, options.seed, options.scenario, clock, taken,
            others=others, speed=options.speed, until_s=until_s,
        )  # fmt: skip
    playbacks = recorded(Path(where), taken, watched=others)
    said = f"{where}, {len(playbacks)} recorded channels"
    try:
        return PlaybackSource(
            playbacks, clock, taken, speed=options.speed, until_s=until_s, said=said
        )
    except ValueError as error:
        raise OptionError(str(error)) from error


def _check_figures(options: argparse.Namespace, streams_max: int) -> None:
    """Refuse every figure nobody can use, all at once."""
    faults = [
        f"--{name.replace('_', '-')} {value}: accepted: above 0"
        for name in ("patients", "hours", "speed", "reorder_ms")
        if (value := getattr(options, name)) is not None and not 0 < value < math.inf
    ]
    if (options.patients or 0) > streams_max:
        faults.append(f"--patients {options.patients}: accepted: at most {streams_max}")
    if faults:
        raise OptionError("; ".join(faults))


def _ordered(
    source: "Source", options: argparse.Namespace, parts: "Parts", streams_max: int
) -> "Source":
    """The source, put in order where that was asked for."""
    if options.reorder_ms is None:
        return source
    from edgeward.device.daemon.in_order import InOrder

    taken = parts.engine.card.input
    return InOrder(source, parts.clock, taken, options.reorder_ms, streams_max)


@contextlib.contextmanager
def _signals() -> Iterator[threading.Event]:
    """Set the event on SIGINT and SIGTERM; the second one ends at once."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
