"""The token policy: a named, frozen set of limits. Policies combine with `&` to the strictest."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

DAY_S = 86_400
# Every group has to allow a request, and a group allows what any of its entries allows: so groups of two policies stand side by side.
Groups = frozenset[frozenset[str]]
Binding = Literal["dpop", "mtls"]
# From weak to strong; a policy asks for at least one of them.
ACR_ORDER = ("urn:admit:acr:1fa", "urn:admit:acr:2fa", "urn:admit:acr:phr")
# Limits that a resource has to enforce: one that does not know them would let everything in.
ENFORCED_BY_RESOURCE = ("max_uses", "idle_timeout_s", "actions", "networks", "hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """What tokens may do and how long they live. Seconds everywhere; `TokenPolicy()` changes nothing it is combined with.

    `&` is associative, commutative and idempotent: the result of server default & resource & client never depends on order.

    Attributes:
        lifetime_s: An access token ends by itself after this long; 30 to 86400.
        idle_timeout_s: It ends when unused this long, counted by the server; 10 to 86400.
        max_uses: One-use or N-use, counted by the server; 1 to 1,000,000.
        end_with_session: Tokens die at the moment of logout.
        lease_s: Tokens end when the app stops renewing its lease; 15 to 86400.
        actions: Allowed "METHOD /path" patterns or named actions.
        networks: Allowed networks of the client (CIDR).
        hours: Allowed weekly time windows, with a time zone.
        binding: Keys that the holder has to prove: DPoP (RFC 9449), a client certificate (RFC 8705).
        acr: The weakest sign-in that will do, one of `ACR_ORDER`.
        max_auth_age_s: How old the sign-in may be (RFC 9470); 0 to 10 years.
        max_sessions: Sessions of one person at most; 1 to 1000.
        deny_new_session: With `max_sessions`: refuse the new one instead of ending the oldest.
        format: "opaque" forces opaque tokens.
        refresh_lifetime_s: The absolute end of a family of refresh tokens, counted from its start; 60 to 10 years.
        refresh_idle_s: A refresh token that is not used ends after this long; 60 to 10 years.
        refresh_reuse_window_s: How long the immediate predecessor still buys the same successor; 0 (never) to 300.
    """

    lifetime_s: int | None = None
    idle_timeout_s: int | None = None
    max_uses: int | None = None
    end_with_session: bool = False
    lease_s: int | None = None
    actions: Groups = frozenset()
    networks: Groups = frozenset()
    hours: Groups = frozenset()
    binding: frozenset[Binding] = frozenset()
    acr: str | None = None
    max_auth_age_s: int | None = None
    max_sessions: int | None = None
    deny_new_session: bool = False
    format: Literal["opaque"] | None = None
    refresh_lifetime_s: int | None = None
    refresh_idle_s: int | None = None
    refresh_reuse_window_s: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            _check(name, getattr(self, name), low, high)
        if self.acr is not None and self.acr not in ACR_ORDER:
            raise ValueError(f"acr must be one of {', '.join(ACR_ORDER)}, got {self.acr!r}")
        if unknown := self.binding - {"dpop", "mtls"}:
            raise ValueError(f"binding must be dpop or mtls, got {sorted(unknown)[0]!r}")

    def __and__(self, other: "TokenPolicy") -> "TokenPolicy":
        """The strictest of both, field by field."""
        return TokenPolicy(
            **{f.name: _STRICTEST[f.name](getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        )

    def bounded(self) -> "BoundedPolicy":
        """The same limits with every time present, ready to issue by.

        Raises:
            ValueError: A time is unlimited; the server's default policy sets them all.
        """
        missing = [name for name in _TIMES if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a policy to issue by needs {', '.join(missing)}")
        return BoundedPolicy(**{f.name: getattr(self, f.name) for f in fields(self)})

    def as_dict(self) -> dict[str, Any]:
        """The limits that are set, as JSON values in stable order."""
        return {f.name: _plain(value) for f in fields(self) if _limits(value := getattr(self, f.name))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TokenPolicy":
        """Read what `as_dict` wrote."""
        return cls(**_from_plain(values))

    def is_fresh(self, *, auth_time: int, now: int) -> bool:
        """Whether a sign-in is recent enough to issue by (RFC 9470); times are seconds, UTC."""
        return self.max_auth_age_s is None or now - auth_time < self.max_auth_age_s

    @property
    def enforced_by_resource(self) -> bool:
        """Whether a resource that ignores limits would let in what this policy forbids."""
        return any(_limits(getattr(self, name)) for name in ENFORCED_BY_RESOURCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedPolicy(TokenPolicy):
    """A policy in which no time is unlimited: what a grant is issued by."""

    lifetime_s: int
    refresh_lifetime_s: int
    refresh_idle_s: int
    refresh_reuse_window_s: int

    def refresh_expiry(self, *, family_ends_at: int, now: int) -> int:
        """When a refresh token made now ends (seconds, UTC): the idle time, never past the family's absolute end."""
        return min(now + self.refresh_idle_s, family_ends_at)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BoundedPolicy":
        """Read what `as_dict` wrote."""
        return cls(**_from_plain(values))

    def as_dict(self) -> dict[str, Any]:
        """All limits that are set, and every time, also a window of 0."""
        return TokenPolicy.as_dict(self) | {name: getattr(self, name) for name in _TIMES}


@dataclass(frozen=True, slots=True)
class LimitOrigin:
    """One limit of a combined policy, and the rules that set it to this value."""

    name: str
    value: Any
    set_by: tuple[str, ...]


def combine(rules: Iterable[tuple[str, TokenPolicy]]) -> TokenPolicy:
    """All rules to the strictest."""
    result = TokenPolicy()
    for _, policy in rules:
        result = result & policy
    return result


def origins(rules: Iterable[tuple[str, TokenPolicy]]) -> list[LimitOrigin]:
    """Which rule won, limit by limit: those that alone would have given the same, or, for groups, each that added one."""
    named = list(rules)
    combined = combine(named)
    found: list[LimitOrigin] = []
    for field in fields(TokenPolicy):
        value = getattr(combined, field.name)
        if not _limits(value):
            continue
        winners = tuple(
            name
            for name, policy in named
            if _limits(own := getattr(policy, field.name))
            and (own == value or (isinstance(value, frozenset) and own <= value))
        )
        found.append(LimitOrigin(field.name, _plain(value), winners))
    return found


_TIMES = ("lifetime_s", "refresh_lifetime_s", "refresh_idle_s", "refresh_reuse_window_s")
_BOUNDS = {
    "lifetime_s": (30, DAY_S),
    "idle_timeout_s": (10, DAY_S),
    "max_uses": (1, 1_000_000),
    "lease_s": (15, DAY_S),
    "max_auth_age_s": (0, 3650 * DAY_S),
    "max_sessions": (1, 1000),
    "refresh_lifetime_s": (60, 3650 * DAY_S),
    "refresh_idle_s": (60, 3650 * DAY_S),
    "refresh_reuse_window_s": (0, 300),
}


def _check(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} must be {low}..{high}, got {value}")


def _limits(value: Any) -> bool:
    """Whether a value limits anything. 0 does: a window of 0 is the strictest."""
    return value is not None and value is not False and value != frozenset()


def _least(a: int | None, b: int | None) -> int | None:
    if a is None:
        return b
    return a if b is None else min(a, b)


def _strongest(a: str | None, b: str | None) -> str | None:
    return max(filter(None, (a, b)), key=ACR_ORDER.index, default=None)


def _either(a: Any, b: Any) -> Any:
    return a or b


_STRICTEST: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(_BOUNDS, _least),
    **dict.fromkeys(
        ("actions", "networks", "hours", "binding", "end_with_session", "deny_new_session"), lambda a, b: a | b
    ),
    "acr": _strongest,
    "format": _either,
}


def _plain(value: Any) -> Any:
    if not isinstance(value, frozenset):
        return value
    return sorted(sorted(entry) if isinstance(entry, frozenset) else entry for entry in value)


def _from_plain(values: Mapping[str, Any]) -> dict[str, Any]:
    read = dict(values)
    for name in ("actions", "networks", "hours"):
        if name in read:
            read[name] = frozenset(frozenset(group) for group in read[name])
    if "binding" in read:
        read["binding"] = frozenset(read["binding"])
    return read


# Built in: public clients whose people return to pages on the web have it unless they are added with another one, or without.
BROWSER_NAME = "browser"
BROWSER = TokenPolicy(lifetime_s=600, lease_s=180, end_with_session=True)
SERVER_DEFAULT = TokenPolicy(
    lifetime_s=600,
    end_with_session=True,
    refresh_lifetime_s=90 * DAY_S,
    refresh_idle_s=14 * DAY_S,
    refresh_reuse_window_s=30,
)
