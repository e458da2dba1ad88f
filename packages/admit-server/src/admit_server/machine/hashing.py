"""Argon2id in a bounded pool of threads. Beyond the queue there is 503, never a growing heap of memory.

Hashes that other systems made are compared here too, each by its own scheme; new ones are always Argon2id.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError

from ..domain.errors import Busy, NotAllowed
from ..domain.password_hash import PasswordHash, parse
from .password_check import matches

T = TypeVar("T")
# A failure where slower hashes than ours are in use takes so many times the least time of the slowest: what varies stays below it.
_MARGIN = 1.25
# All else that a failure needs, measured in hashes of ours: it takes about a third of one here.
_REST = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HashingLimits:
    """OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. `queue` counts waiting and running hashes."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1
    threads: int = 0
    queue: int = 64


class Argon2Hasher:
    """`ports.runtime.PasswordHasher`. As many threads as cores: a hash keeps one core busy, and releases the interpreter."""

    def __init__(self, limits: HashingLimits | None = None) -> None:
        limits = limits or HashingLimits()
        self._argon2 = Argon2(time_cost=limits.passes, memory_cost=limits.memory_kib, parallelism=limits.lanes)
        threads = limits.threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="admit-hash")
        self._queue = limits.queue
        self._waiting = 0
        self._nobody: str | None = None
        # The least time that a hash of each make in use took here, by its parameters ("$argon2id$v=19$m=19456,t=2,p=1").
        self._seconds: dict[str, float] = {}
        self._ours = f"$argon2id$v=19$m={limits.memory_kib},t={limits.passes},p={limits.lanes}"

    async def hash(self, password: str) -> str:
        """As the port says."""
        return await self._run(self._argon2.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        """As the port says. A failure takes the time of the slowest scheme in use, so that it does not tell whose hash is an old one."""
        if self._nobody is None and encoded is None:
            await self.warm_up()
        good, took = await self._run(self._timed, encoded or self._nobody or "", password)
        if good and encoded is not None:
            return True
        if (missing := self._floor() - took) > 0:
            await asyncio.sleep(missing)
        return False

    def needs_rehash(self, encoded: str) -> bool:
        """As the port says: every hash of another system, and of ours those of other parameters."""
        try:
            return self._argon2.check_needs_rehash(encoded)
        except InvalidHashError:
            return True

    async def warm_up(self) -> None:
        """Make the stand-in for unknown people now, so that the first of them costs no more than anybody."""
        self._nobody = await self._run(self._argon2.hash, os.urandom(16).hex())
        await self._run(self._timed, self._nobody, "")

    @property
    def answer_s(self) -> float:
        """As the port says."""
        return self._floor() + _REST * self._seconds.get(self._ours, 0.0)

    async def expect(self, stand_ins: Iterable[str]) -> None:
        """Learn how long hashes of other makes take, before anybody tries one. What was learned is kept until the end."""
        for encoded in stand_ins:
            try:
                hashed = parse(encoded)
            except NotAllowed:
                continue  # of a version that knows more schemes
            if hashed.parameters not in self._seconds:
                await self._run(self._compare, hashed, "")

    def close(self) -> None:
        """Let running hashes end and give the threads back."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _floor(self) -> float:
        """How long a failure takes at least, in seconds."""
        slower = [least for made, least in self._seconds.items() if made != self._ours]
        return max([_MARGIN * least for least in slower] + [self._seconds.get(self._ours, 0.0)])

    def _timed(self, encoded: str, password: str) -> tuple[bool, float]:
        began = time.perf_counter()
        return self._verify(encoded, password), time.perf_counter() - began

    def _verify(self, encoded: str, password: str) -> bool:
        try:
            return self._compare(parse(encoded), password)
        except NotAllowed:
            return False

    def _compare(self, hashed: PasswordHash, password: str) -> bool:
        began = time.perf_counter()
        good = matches(hashed, password)
        took = time.perf_counter() - began
        self._seconds[hashed.parameters] = min(took, self._seconds.get(hashed.parameters, took))
        return good

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        if self._waiting >= self._queue:
            raise Busy(retry_after_s=2, detail="the hashing queue is full")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._waiting -= 1
