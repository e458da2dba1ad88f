"""The public interface of an authenticator: one kind of proof that a person can give. Version 1.

An authenticator keeps nothing: the caller seals the `state` of a ceremony into the browser, stores what was enrolled, and applies
the credential updates by compare-and-set. Any exception that it raises fails closed: the sign-in is refused and the fault is logged
with the authenticator's name. Built-in authenticators import this module and nothing else of the server.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, TypeGuard, runtime_checkable

API_VERSION = 1

# NIST SP 800-63B-4 section 2: something you know, have, are.
Factor = Literal["knowledge", "possession", "inherence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail to a person: the name of a template of the server (`code`, `sign_in_link`), and what to fill in. Queued, never awaited."""

    to: str
    template: str
    values: Mapping[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What an outside process answered; `body` is bounded."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class NotReached(Exception):
    """An outside process did not answer in time, or may not be called from here; the message says which.

    `finish` may let it through: the sign-in is refused, and it is not counted against the person, ten times a day.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an authenticator may use, and nothing else.

    Attributes:
        now: Seconds, UTC.
        entropy: Gives so many random bytes.
        verify_hash: Compares a password with an encoded hash in the bounded pool; None as hash does the same work and says no.
        make_hash: Hashes a password in the same pool.
        needs_rehash: Whether an encoded hash has other parameters than today's.
        issuer: The server's public address.
        mac: A keyed hash under a key of this authenticator's own; the same on every server of the installation.
        send: Queues a mail. It looks the same for addresses that nobody has.
        post: Calls an outside process (URL, body, headers): https, or loopback; raises NotReached.
        first: Nothing else was proven yet in this journey: the proof has to stand for the person alone.
        link: The address of the sign-in page for a secret that is mailed; opening it in the same browser brings the response
            `{"link": secret}` to `finish`.
    """

    now: int
    entropy: Callable[[int], bytes]
    verify_hash: Callable[[str | None, str], Awaitable[bool]]
    make_hash: Callable[[str], Awaitable[str]]
    needs_rehash: Callable[[str], bool]
    issuer: str = ""
    mac: Callable[[bytes], bytes] = lambda _: b""
    send: Callable[[Message], Awaitable[None]] | None = None
    post: Callable[[str, bytes, Mapping[str, str]], Awaitable[HttpAnswer]] | None = None
    first: bool = True
    link: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person of whom a proof is asked. `addresses` are verified e-mail addresses, the main one first."""

    id: str
    username: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """What was kept of one person: the authenticator's own text, and the version that guards its update."""

    id: str
    data: str = field(repr=False)
    version: int
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialUpdate:
    """A new text for a credential. Applied only if the version is still the one that was read.

    `needed`: the proof is good only if this update wins (a one-time code, a counter). Without it a lost update is no harm (a re-hash), and
    the version stays: of several at once each is good.
    """

    id: str
    data: str = field(repr=False)
    version: int
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What to ask of the person. `kind` and `fields` are drawn by the pages; `public` reaches the browser (JSON values); `state`
    comes back to `finish`, sealed in between.
    """

    kind: str
    fields: tuple[str, ...] = ()
    public: Mapping[str, object] = field(default_factory=dict, repr=False)
    state: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Proven.

    Attributes:
        amr: As in RFC 8176.
        subject: The id of the person, where the proof itself names them.
        factors: What this very proof showed; None: all that the authenticator can show.
        used: The id of the credential that was used.
        credential_updates: New texts of credentials.
    """

    amr: tuple[str, ...]
    subject: str | None = None
    factors: frozenset[Factor] | None = None
    used: str | None = None
    credential_updates: tuple[CredentialUpdate, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not proven. The reason goes to the audit log, never to the caller; it counts against the limits.

    `suspect`: the id of a credential that may have been copied; its owner hears of it.
    """

    reason: str
    suspect: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet: a phone is being waited for."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class NotMine:
    """This response is for another authenticator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A new credential to store.

    Attributes:
        data: The authenticator's own text; sealed at rest where `keeps_secrets`.
        label: What the person sees it as, until they name it themselves.
        lookup: A name that no two credentials of this authenticator have, '' for none (a passkey's id).
        replaces: All older credentials of this authenticator and person go (a new set of recovery codes).
        shown: What the person sees now, and never again.
        proved: What setting it up has proved: in the middle of a sign-in it counts as a step. None: nothing.
    """

    data: str = field(repr=False)
    label: str = ""
    lookup: str = ""
    replaces: bool = False
    shown: Mapping[str, object] = field(default_factory=dict, repr=False)
    proved: Verified | None = None


class Authenticator(Protocol):
    """One kind of proof. `Base` has the usual answers to all but `finish`.

    Attributes:
        name: Stable; used in requirements, in storage and in the audit log.
        factors: What a proof by it shows at most; empty for one that does not count towards a second factor.
        phishing_resistant: The proof is bound to this server's origin (NIST SP 800-63B-4 section 3.2.5).
        names_the_person: It can begin a sign-in before anybody said a user name.
        contacts: `begin` reaches out (a mail, a phone): done only after a post, and counted.
        keeps_secrets: Its stored text can be used to forge a proof, and is sealed at rest.
        stands_in: Beside another proof it is good in place of one that got lost (recovery codes).
    """

    @property
    def name(self) -> str: ...
    @property
    def factors(self) -> frozenset[Factor]: ...
    @property
    def phishing_resistant(self) -> bool: ...
    @property
    def names_the_person(self) -> bool: ...
    @property
    def contacts(self) -> bool: ...
    @property
    def keeps_secrets(self) -> bool: ...
    @property
    def stands_in(self) -> bool: ...

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """Whether this person can give this proof as things are."""
        ...

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Begin a ceremony. `subject` is None where nobody has been named yet, or nobody of that name exists."""
        ...

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Judge a response. `credentials` is empty for people who do not exist, and the work has to be the same."""
        ...


@runtime_checkable
class Naming(Protocol):
    """An authenticator whose response names the person (`names_the_person`)."""

    def lookup(self, response: Mapping[str, str]) -> str | None:
        """The `Enrolled.lookup` of the credential that a response was made with, read without trust; None for none."""
        ...


@runtime_checkable
class Enrolling(Protocol):
    """An authenticator that people can add to their account. `most`: so many of one person at most."""

    @property
    def most(self) -> int: ...

    async def begin_enrolment(
        self, ctx: Context, subject: Subject, credentials: Sequence[StoredCredential]
    ) -> Challenge:
        """Begin to add one more credential."""
        ...

    async def finish_enrolment(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Enrolled | Rejected | NotMine:
        """Judge a response, and say what to store."""
        ...


@runtime_checkable
class Redrawing(Protocol):
    """An authenticator whose enrolment can be asked for once more: the person has scanned or printed it already."""

    def redraw(self, ctx: Context, subject: Subject, state: bytes) -> Challenge:
        """The challenge of `begin_enrolment` that had this state, after an answer that was not good."""
        ...


@runtime_checkable
class Describing(Protocol):
    """An authenticator that has something to say about a credential of the person's own."""

    def describe(self, credential: StoredCredential) -> Mapping[str, object]:
        """What the person may read of it, as JSON values (how many codes are left); never a secret."""
        ...


def enrols(authenticator: object) -> TypeGuard[Enrolling]:
    """Whether it is `Enrolling`. `isinstance` says the same, for a hundred times the work (before Python 3.12)."""
    return all(hasattr(authenticator, name) for name in ("begin_enrolment", "finish_enrolment", "most"))


class Base:
    """The usual answers: shows nothing towards a second factor, contacts nobody, and is usable by whoever has a credential."""

    name: ClassVar[str] = ""
    factors: ClassVar[frozenset[Factor]] = frozenset()
    phishing_resistant: ClassVar[bool] = False
    names_the_person: ClassVar[bool] = False
    contacts: ClassVar[bool] = False
    keeps_secrets: ClassVar[bool] = False
    stands_in: ClassVar[bool] = False

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """Has a credential."""
        return bool(credentials)

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Ask for one field of the authenticator's name."""
        return Challenge(kind=self.name, fields=(self.name,))
