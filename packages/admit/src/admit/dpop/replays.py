"""Remembering the proofs of the last minutes, so that none is taken twice (RFC 9449 section 11.1)."""

from __future__ import annotations

import threading
from typing import Final

MOST: Final = 500_000
TURN_S: Final = 180.0


class TooManyProofs(Exception):
    """The memory is full: nothing can be taken before old proofs are forgotten."""


class Replays:
    """The proofs that this process has seen. Bounded: at most 500,000, in two generations.

    A proof is remembered at least until it has expired by itself. Other processes have their own memory: within its minute, a
    stolen proof can be shown once to each of them.
    """

    def __init__(self, *, most: int = MOST, turn_s: float = TURN_S) -> None:
        """
        Args:
            most: Proofs at most; each takes about 80 bytes.
            turn_s: Seconds after which a generation is closed; no proof may be good for longer.
        """
        self._most, self._turn_s = most, turn_s
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._turned_at = 0.0
        self._lock = threading.Lock()

    def take(self, digest: bytes, *, now: float) -> bool:
        """Remember a proof; False when it was here before. Of any number of threads with the same one, exactly one gets True.

        Args:
            digest: Of proof and key, 16 bytes or more.
            now: Seconds since 1970.

        Raises:
            TooManyProofs: There is no room; waiting helps.
        """
        number = int.from_bytes(digest[:16], "big")
        with self._lock:
            if now - self._turned_at >= self._turn_s or now < self._turned_at - self._turn_s:
                # After a long pause nothing of before matters; else what was young is kept for one turn more.
                kept = now - self._turned_at < 2 * self._turn_s
                self._old = self._young if kept else set()
                self._young, self._turned_at = set(), now
            if number in self._young or number in self._old:
                return False
            if len(self._young) + len(self._old) >= self._most:
                raise TooManyProofs(f"{self._most} proofs are remembered")
            self._young.add(number)
            return True
