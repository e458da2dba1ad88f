"""What every flow may use, given to it by name."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..authenticators.api import Authenticator, HttpAnswer
from ..domain.account import AccountRules
from ..domain.administration import Powers
from ..domain.audit import AuditEvent, Outcome
from ..domain.confirmation import NOBODY, Holder
from ..domain.errors import ProtocolError
from ..domain.ids import ID_BYTES, Kind, new_id
from ..domain.one_use_link import LinkLives
from ..domain.password_rules import PasswordRules
from ..domain.token_policy import SERVER_DEFAULT, TokenPolicy
from ..domain.trail import Trail
from ..ports.mail import Mailer, NoMail
from ..ports.runtime import Clock, Entropy, PasswordHasher
from ..ports.transaction import AdmitStore
from ..tokens.envelope import Vault
from ..tokens.keyring import Keyring
from .decision_log import DecisionLog
from .rule_set import RuleHolder
from .stuffing import StuffingWatch
from .tally import Tally

T = TypeVar("T")


@dataclass(slots=True)
class DeviceCookie:
    """The browser's sealed device cookie: it signed this person in. `stands`: that is still so; None until it was looked up."""

    user_id: str
    device: str
    stands: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a request came from (after trusted proxies) and what the browser says it is; and what was checked of it.

    Attributes:
        network: What is counted and written down: the IPv4 address, or the IPv6 network of 64 bits. '' where nothing is known.
        address: The very address, for limits on networks.
        user_agent: As the browser says, cut.
        device: What the device cookie says. Whether it counts is asked at `flows.devices.known_browser`.
        actor: Who acts, for the audit log; '' where the flow knows.
        powers: What the one who acts may give and change; None: everything, for whoever has the machine itself.
        holder: What the caller proved to hold: a key, a client certificate. Tokens that it asks for are bound to it.
        trail: Written by the flows as they check; read when the request is refused.
    """

    network: str = ""
    address: str = ""
    user_agent: str = ""
    device: DeviceCookie | None = None
    actor: str = ""
    powers: Powers | None = None
    holder: Holder = NOBODY
    trail: Trail = field(default_factory=Trail, compare=False, repr=False)


@dataclass(slots=True)
class KeyringHolder:
    """The keyring of now. Replaced as a whole by `flows.keys.refresh`."""

    current: Keyring = field(default_factory=Keyring)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Storage, time, randomness, keys and the settings that flows obey.

    Attributes:
        issuer: The `iss` of everything; from the settings only, never from a request.
        default_policy: Every number set; combined with resource and client to the strictest.
        session_lifetime_s: How long a browser stays signed in at most.
        session_idle_s: How long a browser stays signed in without being used; 0: as long as the session.
        sign_in_requires: What every sign-in has to prove (`domain.requirement`).
        enrol_at_sign_in: Who lacks what is required may set it up in the middle of a sign-in.
        dpop_nonce_needed: DPoP proofs without a nonce of this server are refused.
        mailer: Writes and delivers mails; flows only queue them (`flows.mailing`).
        lives: How long links that work once live.
        registration_open: People may make accounts for themselves.
        personal_lifetime_s: How long a personal token lives at most.
        post: Calls an outside process, as `authenticators.api.Context.post` says; None: nothing may be called.
        account: What people may do with their own accounts.
        password_rules: Which passwords people may choose.
        on_revocation: Called after a commit that published revocations, to wake the feed.
    """

    store: AdmitStore
    clock: Clock
    entropy: Entropy
    vault: Vault
    hasher: PasswordHasher
    issuer: str
    authenticators: Mapping[str, Authenticator]
    mailer: Mailer = field(default_factory=NoMail)
    lives: LinkLives = field(default_factory=LinkLives)
    registration_open: bool = False
    keys: KeyringHolder = field(default_factory=KeyringHolder)
    rules: RuleHolder = field(default_factory=RuleHolder)
    tally: Tally = field(default_factory=Tally)
    stuffing: StuffingWatch = field(default_factory=StuffingWatch)
    decisions: DecisionLog = field(default_factory=DecisionLog)
    default_policy: TokenPolicy = SERVER_DEFAULT
    session_lifetime_s: int = 43_200
    session_idle_s: int = 3_600
    sign_in_requires: str = "password"
    enrol_at_sign_in: bool = True
    personal_lifetime_s: int = 31_536_000
    account: AccountRules = field(default_factory=AccountRules)
    password_rules: PasswordRules = field(default_factory=PasswordRules)
    access_token_alg: str = "ES256"
    id_token_alg: str = "RS256"
    dpop_nonce_needed: bool = False
    post: Callable[[str, bytes, Mapping[str, str]], Awaitable[HttpAnswer]] | None = None
    on_revocation: Callable[[], None] = lambda: None

    def new_id(self, kind: Kind) -> str:
        """A fresh id."""
        return new_id(kind, self.entropy(ID_BYTES))

    def nonce(self) -> str:
        """A fresh nonce for one commit's positions in the feed."""
        return self.entropy(8).hex()

    def event(
        self,
        action: str,
        target: str,
        *,
        actor: str,
        caller: Caller,
        now: int,
        outcome: Outcome = "done",
        details: dict[str, str | int | bool | None] | None = None,
    ) -> AuditEvent:
        """An audit event, ready to be appended in a unit of work."""
        return AuditEvent(
            id=self.new_id("evt"),
            at=now,
            actor=actor,
            action=action,
            target=target,
            outcome=outcome,
            network=caller.network,
            details=details or {},
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as a value: what the unit wrote before it is kept, and the caller raises it after the commit."""

    error: ProtocolError


def or_raise(outcome: T | Refusal) -> T:
    """The outcome of a unit, or its refusal, raised."""
    if isinstance(outcome, Refusal):
        raise outcome.error
    return outcome
