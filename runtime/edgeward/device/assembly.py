"""Devices put together: for this machine, and simulated from one integer."""

from pathlib import Path

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.adapters.entropy import SeededEntropy, SystemEntropy
from edgeward.adapters.host import Host
from edgeward.adapters.scheduling import ThreadScheduling
from edgeward.adapters.store import DirectoryStore, MemoryStore
from edgeward.device.bedside.media import FolderMedia, StoreMedia
from edgeward.device.device import Device, Parts
from edgeward.device.outgoing.layout import records_of_state
from edgeward.limits import DEFAULT, Limits
from edgeward.model.beats import load_beat_model
from edgeward.model.engine import InferenceEngine
from edgeward.model.reference import load_reference_model
from edgeward.ports import Clock, Store


def system_parts(
    state: Path | None,
    limits: Limits = DEFAULT,
    clock: Clock | None = None,
    engine: InferenceEngine | None = None,
) -> Parts:
    """The parts for this machine; with a simulated clock nothing is claimed about its time.

    It runs this engine, or the reference model, and the reference model of beats.

    Without a folder for its state the device forgets its identity and epoch when it ends, so it
    does not offer `restart`.

    Raises:
        StoreError: the folder cannot be used.
        ModelError: a reference model cannot be loaded.
    """
    clock = clock or SystemClock()
    return Parts(
        clock=clock,
        store=MemoryStore() if state is None else DirectoryStore(state),
        entropy=SystemEntropy(),
        engine=engine or load_reference_model(),
        beat_engine=load_beat_model(),
        host=Host(),
        scheduling=None if clock.simulated else ThreadScheduling(),
        alarm_media=StoreMedia()
        if state is None
        else FolderMedia(state / "alarms", simulated=clock.simulated),
        records=None if state is None else records_of_state(state),
        restartable=state is not None,
        limits=limits,
    )


def simulated_parts(seed: int = 0, store: Store | None = None, limits: Limits = DEFAULT) -> Parts:
    """The parts of a device whose time moves only when it is told to, reproducible from the seed.

    Raises:
        ModelError: a reference model cannot be loaded.
    """
    return Parts(
        clock=SimulatedClock(),
        store=MemoryStore() if store is None else store,
        entropy=SeededEntropy(seed),
        engine=load_reference_model(),
        beat_engine=load_beat_model(),
        alarm_media=StoreMedia(store),
        restartable=store is not None,
        limits=limits,
    )


def simulated_device(seed: int = 0, store: Store | None = None, limits: Limits = DEFAULT) -> Device:
    """A simulated build. With a store that outlives it, it offers `restart`.

    Raises:
        ModelError: a reference model cannot be loaded.
    """
    return Device(simulated_parts(seed, store, limits))
