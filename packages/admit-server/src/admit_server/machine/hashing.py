"""Argon2id in a bounded pool of threads. Beyond the queue there is 503, never a growing heap of memory."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from ..domain.errors import Busy

T = TypeVar("T")


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
        # The least time that a hash of each scheme in use took here, by its parameters ("$argon2id$v=19$m=19456,t=2,p=1").
        self._seconds: dict[str, float] = {}

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
        if (missing := max(self._seconds.values(), default=0.0) - took) > 0:
            await asyncio.sleep(missing)
        return False

    def needs_rehash(self, encoded: str) -> bool:
        """As the port says."""
        return self._argon2.check_needs_rehash(encoded)

    async def warm_up(self) -> None:
        """Make the stand-in for unknown people now, so that the first of them costs no more than anybody."""
        self._nobody = await self._run(self._argon2.hash, os.urandom(16).hex())

    def close(self) -> None:
        """Let running hashes end and give the threads back."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _timed(self, encoded: str, password: str) -> tuple[bool, float]:
        began = time.perf_counter()
        good = self._verify(encoded, password)
        took = time.perf_counter() - began
        scheme = encoded.rsplit("$", 2)[0]
        self._seconds[scheme] = min(took, self._seconds.get(scheme, took))
        return good, took

    def _verify(self, encoded: str, password: str) -> bool:
        try:
            return self._argon2.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= self._queue:
            raise Busy(retry_after_s=2, detail="the hashing queue is full")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._waiting -= 1
