"""Server-Sent Events, as far as the feed uses them (WHATWG HTML section 9.2.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from admit.revocations.memory import FeedError

_MAX_LINE = 65_536


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `id` is None where the event itself carries none."""

    kind: str
    data: str
    id: str | None


class Parser:
    """Turns bytes as they arrive into events. Lines end with LF, CR LF or CR; comments and unknown fields are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._fresh()

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the events that `data` completes.

        Raises:
            FeedError: A line or event of more than 64 KiB, or text that is not UTF-8.
        """
        # A CR at the very end may be the first half of CR LF, so it waits for what follows.
        text = (self._rest + data).replace(b"\r\n", b"\n")
        held = b"\r" if text.endswith(b"\r") else b""
        lines = text.removesuffix(b"\r").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        if len(self._rest) > _MAX_LINE:
            raise FeedError("a line of the feed is too long")
        for line in lines:
            if line:
                self._field(line)
                continue
            if self._data:
                yield Event(self._kind or "message", "\n".join(self._data), self._id)
            self._fresh()

    def _fresh(self) -> None:
        self._kind = ""
        self._data: list[str] = []
        self._size = 0
        self._id: str | None = None

    def _field(self, line: bytes) -> None:
        self._size += len(line)
        if self._size > _MAX_LINE:
            raise FeedError("an event of the feed is too long")
        try:
            name, _, value = line.decode("utf-8").partition(":")
        except UnicodeDecodeError:
            raise FeedError("the feed is not UTF-8") from None
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._kind = value
            case "data":
                self._data.append(value)
            case "id":
                self._id = value
