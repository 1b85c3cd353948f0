"""A proxy that does to connections what the weather says: on any machine, without rights."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.network.capture import Capture, Trail
from edgeward_harness.rig.network.weather import Act, Kind, Weather, Written

PIECE_BYTES = 1 << 16
TICK_S = 0.01
START_S = 10.0
PAGE = b"<html>Welcome. Please sign in.</html>"
PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
)
_BREAK = struct.pack("ii", 1, 0)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FaultProxy:
    """Between whoever connects to `port` and a receiver, for as long as the context lasts."""

    def __init__(self, target: tuple[str, int], weather: Weather | None = None) -> None:
        """Lead to this host and port; in good weather, unless another is given."""
        self.target = target
        self.weather: Weather = weather or Written()
        self.capture = Capture()
        self.acts: list[Act] = []
        """What happened, connection by connection."""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._passable: asyncio.Event | None = None
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    @property
    def connections(self) -> int:
        """How many were made."""
        return len(self.acts)

    def partition(self) -> None:
        """Let nothing through: what comes is held, new connections too. Nobody is told."""
        self._run(self._set_passable(passable=False))

    def heal(self) -> None:
        """Let through what was held, in its order, and all that comes."""
        self._run(self._set_passable(passable=True))

    def reset_all(self) -> None:
        """Break every connection there is."""
        self._run(self._reset_all())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)
        except TimeoutError as error:
            raise HarnessError(f"the proxy to {self.target} does not answer") from error

    async def _start(self) -> None:
        self._passable = asyncio.Event()
        self._passable.set()
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._reset_all()

    async def _set_passable(self, *, passable: bool) -> None:
        assert self._passable is not None
        if passable:
            self._passable.set()
        else:
            self._passable.clear()

    async def _reset_all(self) -> None:
        for writer in list(self._open):
            _break(writer)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        act = self.weather.act(len(self.acts))
        trail = self.capture.begin(len(self.acts))
        self.acts.append(act)
        self._open.add(writer)  # here: whoever is stopped before it began has nothing to close
        task = asyncio.ensure_future(self._carried((reader, writer), act, trail))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carried(self, device: Streams, act: Act, trail: Trail) -> None:
        try:
            await self._waited()
            if act.kind is Kind.REFUSE:
                return _break(device[1])
            if act.kind is Kind.PORTAL:
                return await _portal(device)
            receiver = await asyncio.open_connection(*self.target)
            self._open.add(receiver[1])
            await _Passage(self, device, receiver, act, trail).carried()
            if act.kind is Kind.REPLAY:
                await self._replayed(trail)
        except OSError:
            _break(device[1])  # the receiver is not there
        finally:
            self._open.discard(device[1])
            device[1].close()

    async def _replayed(self, trail: Trail) -> None:
        """Say all that the device said once more; what is answered is kept with the rest."""
        again = self.capture.begin(trail.number)
        reader, writer = await asyncio.open_connection(*self.target)
        self._open.add(writer)
        try:
            writer.write(bytes(trail.up))
            await asyncio.wait_for(writer.drain(), START_S)
            self.capture.keep(again.up, bytes(trail.up))
            writer.write_eof()
            while data := await asyncio.wait_for(reader.read(PIECE_BYTES), START_S):
                self.capture.keep(again.down, data)
        except (OSError, TimeoutError):
            return  # the receiver has had enough of it
        finally:
            self._open.discard(writer)
            writer.close()

    async def _waited(self) -> None:
        assert self._passable is not None
        await self._passable.wait()


class _Passage:
    """One connection, and what happens to it."""

    def __init__(
        self, proxy: FaultProxy, device: Streams, receiver: Streams, act: Act, trail: Trail
    ) -> None:
        self._proxy, self._act, self._trail = proxy, act, trail
        self._device, self._receiver = device, receiver
        self._crossed = 0
        self._happened = False

    async def carried(self) -> None:
        """Carry both ways until both have ended, or until what happens ends it."""
        up = self._pump(self._device[0], self._receiver[1], self._trail.up)
        down = self._pump(self._receiver[0], self._device[1], self._trail.down)
        tasks = [asyncio.ensure_future(one) for one in (up, down)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            self._proxy._open.discard(self._receiver[1])
            self._receiver[1].close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE_BYTES):
                await self._proxy._waited()
                if not await self._piece(data, writer, kept):
                    return
            writer.write_eof()

    async def _piece(self, data: bytes, writer: asyncio.StreamWriter, kept: bytearray) -> bool:
        """Carry one piece; whether the connection goes on."""
        act, room = self._act, self._act.after_bytes - self._crossed
        ends = act.kind in (Kind.RESET, Kind.TRUNCATE, Kind.BLACKHOLE)
        if ends and len(data) >= room:
            await self._sent(data[: max(room, 0)], writer, kept)
            await self._end()
            return False
        await self._held(len(data))
        await self._sent(data, writer, kept)
        return True

    async def _held(self, size_bytes: int) -> None:
        act = self._act
        match act.kind:
            case Kind.DELAY:
                await asyncio.sleep(act.value * (1 + (self._crossed % 100) / 100) / 1000)
            case Kind.STALL if not self._happened and self._crossed + size_bytes > act.after_bytes:
                self._happened = True
                await asyncio.sleep(act.value / 1000)
            case Kind.THROTTLE:
                await asyncio.sleep(size_bytes / act.value * TICK_S)

    async def _sent(self, data: bytes, writer: asyncio.StreamWriter, kept: bytearray) -> None:
        self._crossed += len(data)
        self._proxy.capture.keep(kept, data)
        writer.write(data)
        await writer.drain()

    async def _end(self) -> None:
        match self._act.kind:
            case Kind.RESET:
                for _, writer in (self._device, self._receiver):
                    _break(writer)
            case Kind.TRUNCATE:
                for _, writer in (self._device, self._receiver):
                    writer.close()
            case Kind.BLACKHOLE:
                await asyncio.get_running_loop().create_future()  # until the proxy stops


async def _portal(device: Streams) -> None:
    await device[0].read(PIECE_BYTES)
    device[1].write(PORTAL)
    await device[1].drain()


def _break(writer: asyncio.StreamWriter) -> None:
    """End a connection so that its peer is told that it broke."""
    plain = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK)
    writer.transport.abort()
