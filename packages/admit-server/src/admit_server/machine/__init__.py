"""The machine: its clock, its randomness, its threads and its files."""

from collections.abc import Callable
from dataclasses import dataclass

from ..ports.runtime import Clock, Entropy
from .clock import system_clock, system_entropy
from .hashing import Argon2Hasher, HashingLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Time, randomness and slow hashing: the machine's own, unless somebody who tries things out brings others."""

    clock: Clock = system_clock
    entropy: Entropy = system_entropy
    hasher: Callable[[HashingLimits], Argon2Hasher] = Argon2Hasher


THIS_MACHINE = Machine()
