"""Whether the path still leads to the file that was opened. A file that was moved away goes on to be readable and writable."""

import os
import time
from pathlib import Path

from admit_server.ports.store import StoreUnavailable

# Between two looks of readers, in seconds: a look costs about half of what a read does.
LOOK_S = 0.05


class OpenedFile:
    """The file at a path, as it was when this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = self._identity()
        self._there = True
        self._next_look = 0.0

    def require(self, *, afresh: bool = False) -> None:
        """See that it is the same one. `afresh`: look in any case, before what is written is acknowledged.

        Raises:
            StoreUnavailable: Another file is there, or none: what this process reads and writes is nobody else's.
        """
        now = time.monotonic()
        if afresh or now >= self._next_look:
            self._next_look = now + LOOK_S
            self._there = self._identity() == self._opened
        if not self._there:
            raise StoreUnavailable(
                f"the database {self._path} was moved or replaced under the server: stop the server, put the file in its place, "
                "start again"
            )

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
