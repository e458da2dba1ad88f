"""Who is calling, and what they may do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from admit.acr import reaches
from admit.checks import Check, check
from admit.errors import AdmitError, InsufficientScope, StepUpRequired, TransactionMismatch
from admit.jose.accelerators import json_decoder
from admit.jose.strict_json import flat_json
from admit.scope_names import police_scopes

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    ClaimsT = TypeVar("ClaimsT", default=Mapping[str, Any], covariant=True)
else:
    from typing import TypeVar

    ClaimsT = TypeVar("ClaimsT", covariant=True)

Watch = Callable[[AdmitError, Mapping[str, Any]], None]


class Principal(Generic[ClaimsT]):
    """The bearer of a verified token. Cannot be changed.

    Attributes are read from the claims when they are asked for: most requests look at one or two of them.
    """

    # _said is shared by all principals of one token: nothing that can be changed is ever given out of it. Where it is no dictionary, it has
    # the registered claims as attributes, and _text is read when somebody asks for more.
    __slots__ = ("_claims", "_said", "_scopes", "_text", "_watch")
    _said: Any
    _text: bytes
    _scopes: frozenset[str]
    _claims: ClaimsT
    _watch: Watch

    def __init__(
        self,
        *,
        subject: str,
        scopes: Iterable[str] = (),
        client_id: str | None = None,
        session_id: str | None = None,
        grant_id: str | None = None,
        token_id: str | None = None,
        expires_at: float | None = None,
        auth_time: float | None = None,
        acr: str | None = None,
        amr: Iterable[str] = (),
        actors: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
    ) -> None:
        """For tests and for programs that know who is calling by other means. The arguments are the attributes."""
        said: dict[str, Any] = {
            "sub": subject,
            "scope": " ".join(sorted(scopes)),
            "client_id": client_id,
            "sid": session_id,
            "grant": grant_id,
            "jti": token_id,
            "exp": expires_at,
            "auth_time": auth_time,
            "acr": acr,
            "amr": list(amr),
        }
        for actor in reversed(tuple(actors)):
            said["act"] = {"sub": actor} | ({"act": said["act"]} if "act" in said else {})
        _said_of(self, said)
        _claims_of(self, MappingProxyType(dict(claims or {})))

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Principal:
        """Make a principal of claims whose types have been checked."""
        return principal_of(dict(claims))

    @property
    def subject(self) -> str:
        """The user's stable id (`sub`), or the client's where no user is behind the token."""
        said = self._said
        subject: str = said["sub"] if type(said) is dict else said.sub
        return subject

    @property
    def scopes(self) -> frozenset[str]:
        """What the token may do."""
        try:
            return self._scopes
        except AttributeError:
            said = self._said
            scope = said.get("scope") if type(said) is dict else said.scope
            scopes = frozenset(scope.split() if scope else ())
            _scopes_of(self, scopes)
            return scopes

    @property
    def client_id(self) -> str | None:
        """The application that asked for the token."""
        value: str | None = self._all().get("client_id")
        return value

    @property
    def session_id(self) -> str | None:
        """The sign-in it hangs on (`sid`)."""
        value: str | None = self._all().get("sid")
        return value

    @property
    def grant_id(self) -> str | None:
        """What was allowed to the application (`grant`)."""
        value: str | None = self._all().get("grant")
        return value

    @property
    def token_id(self) -> str | None:
        """The token's own id (`jti`)."""
        value: str | None = self._all().get("jti")
        return value

    @property
    def expires_at(self) -> float | None:
        """When it ends by itself, seconds since 1970, UTC."""
        value: float | None = self._all().get("exp")
        return value

    @property
    def auth_time(self) -> float | None:
        """When the person last proved who they are, seconds since 1970."""
        value: float | None = self._all().get("auth_time")
        return value

    @property
    def acr(self) -> str | None:
        """How strongly (authentication context class)."""
        value: str | None = self._all().get("acr")
        return value

    @property
    def amr(self) -> tuple[str, ...]:
        """By which means (RFC 8176)."""
        return tuple(self._all().get("amr", ()))

    @property
    def actors(self) -> tuple[str, ...]:
        """Clients that act for the subject, the one that acts now first (`act`, RFC 8693 section 4.1)."""
        return actors_of(self._all().get("act"))

    @property
    def claims(self) -> ClaimsT:
        """Everything the token says: a read-only mapping, or what `Verifier(claims=...)` makes of it."""
        try:
            return self._claims
        except AttributeError:
            # Lists and objects are copied: who changes one changes no other request's.
            view: Any = MappingProxyType({name: _own(value) for name, value in self._all().items()})
            _claims_of(self, view)
            return self._claims

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Principal cannot be changed; {name} belongs to its token")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Principal cannot be changed; {name} belongs to its token")

    def __eq__(self, other: object) -> bool:
        return self._attributes() == other._attributes() if isinstance(other, Principal) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._attributes())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(_NAMES, self._attributes(), strict=True))
        return f"Principal({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only view of claims cannot be pickled; what it shows can.
        claims: Any = self.claims
        return _rebuilt, (self._all(), dict(claims) if isinstance(claims, MappingProxyType) else claims)

    def _all(self) -> dict[str, Any]:
        said: dict[str, Any] = self._said
        if type(said) is not dict:
            said = _read(self._text)
            _said_of(self, said)
        return said

    def _attributes(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _NAMES)

    def has(self, *scopes: str) -> bool:
        """Say whether all `scopes` are granted."""
        return self.scopes.issuperset(scopes)

    def require(self, *scopes: str) -> None:
        """Go on only with all `scopes`.

        Raises:
            InsufficientScope: With all of them in its challenge, so that the client can ask once for the lot.
            ValueError: One of them is no scope that a token can have, such as two in one text.
        """
        try:
            granted = self.scopes.issuperset(scopes)
        except TypeError:  # a list, which no set can have
            granted = False
        if not granted:
            police_scopes(*scopes)
            raise self._refused(
                InsufficientScope(scopes, granted=self.scopes), check("scope", scopes, self.scopes, passed=False)
            )

    def transaction(self, kind: str, *, body: bytes | None = None) -> Mapping[str, Any]:
        """Return what the person approved with this ticket, by name (RFC 9396).

        Args:
            kind: The type of the transaction, as the resource was added with.
            body: A JSON body in which each approved value has to stand under the same name. Without it, compare yourself.

        Raises:
            TransactionMismatch: The ticket is not for exactly one transaction of this type, or the body says something else.
        """
        from admit.transactions import approved, compare

        try:
            values = approved(self._all(), kind)
            if body is not None:
                compare(body, values)
            return MappingProxyType({name: _own(value) for name, value in values.items()})
        except TransactionMismatch as refusal:
            raise self._refused(refusal, check("transaction", kind, refusal, passed=False)) from None

    def require_recent_sign_in(self, max_age_s: int, *, now: float | None = None) -> None:
        """Go on only if the person proved who they are within the last `max_age_s` seconds.

        Raises:
            StepUpRequired: They did not, or the token does not say when (RFC 9470 section 3).
        """
        if self.auth_time is None:
            unknown = StepUpRequired("the token does not say when the person signed in", max_age_s=max_age_s)
            raise self._refused(unknown, check("age of the sign-in", f"at most {max_age_s} s", "unknown", passed=False))
        age_s = (time.time() if now is None else now) - self.auth_time
        if age_s > max_age_s:
            too_old = StepUpRequired(f"signed in {age_s:.0f} s ago; {max_age_s} s are allowed", max_age_s=max_age_s)
            age = check("age of the sign-in", f"at most {max_age_s} s", f"{age_s:.0f} s", passed=False)
            raise self._refused(too_old, age)

    def require_acr(self, *acr_values: str) -> None:
        """Go on only if the sign-in was of one of these classes, best first, or of a stronger one of the server's own.

        Raises:
            StepUpRequired: It was of another (RFC 9470 section 3).
            ValueError: A class is not text.
        """
        if not all(isinstance(wanted, str) for wanted in acr_values):
            raise ValueError(f"write each class of sign-in as an argument of its own; got {acr_values!r}")
        if not any(reaches(self.acr, wanted) for wanted in acr_values):
            too_weak = StepUpRequired(
                f"the sign-in was of the class {self.acr or '(not told)'}; needed is {' or '.join(acr_values)}",
                acr_values=acr_values,
            )
            raise self._refused(too_weak, check("strength of the sign-in", acr_values, self.acr, passed=False))

    def _refused(self, refusal: AdmitError, failed: Check) -> AdmitError:
        refusal.checks = (check("token", "a good one for this resource", "good", passed=True), failed)
        if (watch := getattr(self, "_watch", None)) is not None:
            watch(refusal, self._all())
        return refusal


def actors_of(act: object) -> tuple[str, ...]:
    """The actors that a claim `act` names, the present one first (RFC 8693 section 4.1)."""
    found: list[str] = []
    while isinstance(act, dict) and isinstance(act.get("sub"), str):
        found.append(act["sub"])
        act = act.get("act")
    return tuple(found)


def principal_of(said: dict[str, Any]) -> Principal:
    """Make a principal of claims whose types have been checked. From now on `said` belongs to the principals of this token."""
    who: Principal = _new(Principal)
    _said_of(who, said)
    return who


def principal_of_text(read: object, text: bytes) -> Principal:
    """Make a principal of claims as attributes (`sub`, `scope`), and of the JSON, which is read again when somebody asks for more."""
    who: Principal = _new(Principal)
    _said_of(who, read)
    _text_of(who, text)
    return who


def with_claims(who: Principal, claims: object) -> Principal[Any]:
    """Give a principal that is nobody's yet claims in a form of their own."""
    _claims_of(who, claims)
    return who


def watched(who: Principal[ClaimsT], watch: Watch) -> Principal[ClaimsT]:
    """Let somebody know of refusals by the methods of a principal that is nobody's yet."""
    _watch_of(who, watch)
    return who


def _own(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _own(each) for name, each in value.items()}
    return [_own(each) for each in value] if isinstance(value, list) else value


def _rebuilt(said: dict[str, Any], claims: Any) -> Principal:
    return with_claims(principal_of(said), MappingProxyType(claims) if isinstance(claims, dict) else claims)


_NAMES = (
    "subject", "scopes", "client_id", "session_id", "grant_id", "token_id", "expires_at", "auth_time", "acr", "amr", "actors",
)  # fmt: skip
_new = object.__new__
_read = json_decoder() or flat_json
# The only ways to write a slot: __setattr__ refuses.
_said_of: Callable[[Principal[Any], Any], None] = Principal.__dict__["_said"].__set__
_text_of: Callable[[Principal[Any], bytes], None] = Principal.__dict__["_text"].__set__
_scopes_of: Callable[[Principal[Any], frozenset[str]], None] = Principal.__dict__["_scopes"].__set__
_claims_of: Callable[[Principal[Any], Any], None] = Principal.__dict__["_claims"].__set__
_watch_of: Callable[[Principal[Any], Watch], None] = Principal.__dict__["_watch"].__set__
