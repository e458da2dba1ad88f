"""The public interface of an authenticator: one kind of proof that a person can give. Version 1.

An authenticator keeps nothing: the caller stores the `state` of a ceremony and applies the credential updates by compare-and-set.
Any exception that it raises fails closed: the sign-in is refused and the fault is logged with the authenticator's name.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

API_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an authenticator may use, and nothing else.

    Attributes:
        now: Seconds, UTC.
        entropy: Gives so many random bytes.
        verify_hash: Compares a password with an encoded hash in the bounded pool; None as hash does the same work and says no.
        make_hash: Hashes a password in the same pool.
        needs_rehash: Whether an encoded hash has other parameters than today's.
    """

    now: int
    entropy: Callable[[int], bytes]
    verify_hash: Callable[[str | None, str], Awaitable[bool]]
    make_hash: Callable[[str], Awaitable[str]]
    needs_rehash: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """What was kept of one person: the authenticator's own text, and the version that guards its update."""

    id: str
    data: str = field(repr=False)
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialUpdate:
    """A new text for a credential (another counter, a re-hash). Applied only if the version is still the one that was read."""

    id: str
    data: str = field(repr=False)
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What to ask of the person. `kind` and `fields` are drawn by the pages; `public` reaches the browser; `state` comes back."""

    kind: str
    fields: tuple[str, ...] = ()
    public: Mapping[str, object] = field(default_factory=dict)
    state: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Proven. `subject` is set where the proof itself names the person; `amr` as in RFC 8176."""

    amr: tuple[str, ...]
    subject: str | None = None
    credential_updates: tuple[CredentialUpdate, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not proven. The reason goes to the audit log, never to the caller; it counts against the limits."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet: a phone is being waited for."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class NotMine:
    """This response is for another authenticator."""


class Authenticator(Protocol):
    """One kind of proof."""

    name: str

    async def begin(self, ctx: Context, subject: str | None) -> Challenge:
        """Begin a ceremony. `subject` is None where the proof names the person."""
        ...

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Judge a response. `credentials` is empty for people who do not exist, and the work has to be the same."""
        ...
