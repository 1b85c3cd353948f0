"""A device in a thread of this process, for a verifier beside it: quick, and open to a debugger."""

import threading
from collections.abc import Callable
from dataclasses import replace

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.link import memory_pair
from edgeward.device.agent import Agent
from edgeward.device.assembly import simulated_parts, system_parts
from edgeward.device.bedside.media import StoreMedia
from edgeward.device.device import Device, Parts
from edgeward.limits import DEFAULT, Limits
from edgeward.ports import Link, Store

MakeDevice = Callable[[Parts], Device]
MakeAgent = Callable[[Device, Link], Agent]


class RunningDevice:
    """The device's thread. It ends when the peer closes its link, or when asked to."""

    def __init__(self, agent: Agent, store: Store) -> None:
        """Start serving."""
        self.device = agent.device
        self.store = store
        self.error: BaseException | None = None
        """What ended the thread, if it was not the protocol."""
        self._agent = agent
        self._exit_status: int | None = None
        self._thread = threading.Thread(target=self._run, name="edgeward-device", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the device still serves."""
        return self._thread.is_alive()

    @property
    def native_id(self) -> int | None:
        """The system's number of the device's thread, to observe it from outside."""
        return self._thread.native_id

    def join(self, timeout_s: float) -> int | None:
        """Wait for the end: the exit status a process would have; None while it still runs.

        A device that broke down ends with status 1, and `error` says why.
        """
        self._thread.join(timeout_s)
        return None if self._thread.is_alive() else self._exit_status

    def _run(self) -> None:
        try:
            status = self._agent.serve()
            self._exit_status = 0 if status is None else status
        except BaseException as error:
            self.error = error
            self._exit_status = 1
        finally:
            self.device.close()
            self._agent.link.close()


def start_inprocess(
    *,
    simulated: bool = False,
    seed: int = 0,
    store: Store | None = None,
    make_device: MakeDevice = Device,
    make_agent: MakeAgent = Agent,
    limits: Limits = DEFAULT,
) -> tuple[Link, RunningDevice]:
    """Start a device in a thread; gives the verifier's end of its link.

    With `simulated` it lives on a simulated clock and offers `clock`. After `restart`, start it
    again with the store of the one that ended (`running.store`): its epoch is then one higher.

    Raises:
        StoreError: the store refused.
        ModelError: the reference model cannot be loaded.
    """
    kept = MemoryLog() if store is None else store
    if simulated:
        parts = simulated_parts(seed, kept, limits)
    else:
        parts = replace(
            system_parts(None, limits),
            store=kept,
            host=None,
            restartable=True,
            alarm_media=StoreMedia(kept),
        )
    ours, theirs = memory_pair(limits)
    return ours, RunningDevice(make_agent(make_device(parts), theirs), kept)
