"""What a follower knows, and how fresh it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from admit.revocations.memory import FeedError, Memory

_CLOCK_WENT_BACK_S = 60.0


class Knowledge:
    """A memory that is replaced as a whole at the end of a snapshot, and the moment of the last good word.

    Freshness is judged by the `as_of` of the server and by the local clock at the moment it was heard: a cache that
    repeats an old answer brings nothing fresh.

    Attributes:
        version: Another number than ever before in this process whenever something came that may end a token.
        heard_at: When the last fresh word came, by the clock `elapsed`; minus infinity before the first.
        caught_up: How often the knowledge was brought up to date.
    """

    heard_at: float
    caught_up: int
    version: int

    def __init__(self, *, elapsed: Callable[[], float], clock: Callable[[], float]) -> None:
        self._elapsed, self._clock = elapsed, clock
        self.memory: Memory | None = None
        self._snapshot: Memory | None = None
        self._as_of = float("-inf")
        self.heard_at = float("-inf")
        self._from_scratch = False
        self.caught_up = 0
        self.version = 0

    @property
    def trusted(self) -> bool:
        """Whether a first snapshot has been taken in."""
        return self.memory is not None

    @property
    def position(self) -> str | None:
        """Where to resume, or None to ask for a snapshot."""
        return None if self.memory is None or self._from_scratch else self.memory.position

    def age_s(self) -> float:
        """Return the seconds since the last fresh word; infinite before the first."""
        return self._elapsed() - self.heard_at

    def revoked(self, claims: Mapping[str, Any]) -> str | None:
        """Return which claim has ended, or None for a live token."""
        memory = self.memory
        return None if memory is None else memory.revoked(claims)

    def __len__(self) -> int:
        return 0 if self.memory is None else len(self.memory)

    def start_over(self) -> None:
        """Ask for a whole snapshot next time. What is known is used until that snapshot is complete."""
        self._snapshot = None
        self._from_scratch = True

    def drop_snapshot(self) -> None:
        """A new connection begins: what the last one left half collected is worth nothing."""
        self._snapshot = None

    def begin_snapshot(self) -> None:
        """A `reset`: collect a new memory beside the one in use."""
        self._snapshot = Memory()

    def add(self, entry: Mapping[str, Any], position: str | None) -> None:
        """Take in a revocation: at once, or into the snapshot that is being collected."""
        memory = self._snapshot if self._snapshot is not None else self.memory
        if memory is None:
            raise FeedError("a revocation came before any snapshot")
        memory.add(entry)
        if self._snapshot is None:
            self.version = memory.version
            memory.position = position if position is not None else memory.position

    def catch_up(self, position: str, as_of: float) -> None:
        """All revocations as of that time are here: swap a complete snapshot in, and move the position."""
        if self._snapshot is not None:
            self._snapshot.position = position
            self.memory, self._snapshot = self._snapshot, None
            self._from_scratch = False
            self._as_of = float("-inf")  # a new beginning may lie before what was heard from another database
        elif self.memory is None or self._from_scratch:
            raise FeedError("a snapshot was asked for and not sent")
        else:
            self.memory.position = position
        self.version = self.memory.version
        self.caught_up += 1
        self._hear(as_of)

    def heartbeat(self, head: str, as_of: float) -> None:
        """Compare positions; only an equal one is a good word.

        Raises:
            FeedError: Something was missed.
        """
        if self._snapshot is not None or self.memory is None:
            raise FeedError("a heartbeat came inside a snapshot")
        if head != self.memory.position:
            raise FeedError("the head is elsewhere: something was missed")
        self._hear(as_of)

    def _hear(self, as_of: float) -> None:
        if as_of > self._as_of:
            self._as_of = as_of
            self.heard_at = self._elapsed()
        elif as_of < self._as_of - _CLOCK_WENT_BACK_S:
            raise FeedError("the server's clock went back")
        if self.memory is not None:
            self.memory.sweep(self._clock())
