"""The keeper of a device: a small process that ends the device when the harness cannot.

Rules:
1. A harness that is killed cleans nothing up, and a device that hangs does not see its input end.
   So a process that does nothing else waits for the end of the harness (see `family`).
2. It is there before the device is, and the device's launcher tells it its number itself: there
   is no moment at which a killed harness leaves a device that nobody knows.
3. It has a session of its own, so that whatever a terminal ends, it does not end the keeper.
4. It must not be there any more when the device is reaped: the number is then free for a stranger.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_FAMILY: Final = Path(__file__).with_name("family.py")


class Keeper:
    """A process that waits for the end of this one."""

    def __init__(self, mark: str, folders: Iterable[str]) -> None:
        """Start it, for the device that is launched next, with this mark, into these groups.

        Raises:
            OSError: the host refuses a process or a pipe.
        """
        leader_fd, self.launcher_fd = os.pipe()
        """Where the launcher tells its number."""
        words = [str(_FAMILY), str(os.getpid()), str(leader_fd), mark, *folders]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[leader_fd],
                start_new_session=True,
                cwd="/",
                env={},
            )
        except BaseException:
            os.close(self.launcher_fd)
            raise
        finally:
            os.close(leader_fd)

    def close(self) -> None:
        """End it, the device being dead; only once."""
        os.close(self.launcher_fd)
        self._process.kill()
        self._process.wait()
