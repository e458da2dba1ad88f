"""The limits that a resource enforces: actions, networks, hours. One pure function for library and server.

A limit is a list of groups. Every group has to allow the request, and a group allows what any of its entries allows. So two policies
combine by putting their groups side by side, and the order in which that happens never matters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from admit.limits.entries import Allows, Attempt, InvalidLimit, actions, body, hours, networks

Groups = frozenset[frozenset[str]]
"""Entries of one kind: those of a group allow together what any of them allows, and every group has to allow it."""

COUNTED = ("max_uses", "idle_timeout_s")
"""Limits that the server counts, so that it has to be asked at every use."""
_NUMBERS = (*COUNTED, "max_auth_age_s")
_BODY = "transaction_mismatch"
_COMPILED: tuple[tuple[str, str, Callable[[frozenset[str]], Allows]], ...] = (
    ("actions", "action_not_allowed", actions),
    ("networks", "network_not_allowed", networks),
    ("hours", "hour_not_allowed", hours),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What stands in the `limits` claim of a JWT, and in an introspection answer.

    Attributes:
        actions: "GET /orders/*", "* /health", or a named action. `*` is one path segment, `**` any number of them.
        networks: Networks in CIDR notation.
        hours: "mon-fri 08:00-18:00 Europe/Berlin". A window that ends before it begins runs over midnight.
        max_uses: The server counts; how many uses the token began with.
        idle_timeout_s: The server counts; seconds.
        max_auth_age_s: How old the sign-in behind the token may be when it is used, in seconds (RFC 9470).
        body_sha256: The only body that may be sent, as `admit.limits.body_digest` writes it.
    """

    actions: Groups = frozenset()
    networks: Groups = frozenset()
    hours: Groups = frozenset()
    max_uses: int | None = None
    idle_timeout_s: int | None = None
    max_auth_age_s: int | None = None
    body_sha256: str | None = None
    _checks: tuple[tuple[str, frozenset[str], Allows], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks = tuple(
            (code, group, compiled(group))
            for name, code, compiled in _COMPILED
            if (groups := getattr(self, name))
            for group in (groups if len(groups) == 1 else sorted(groups, key=sorted))
        )
        if self.body_sha256 is not None:
            checks += ((_BODY, frozenset({self.body_sha256}), body(self.body_sha256)),)
        object.__setattr__(self, "_checks", checks)

    @property
    def counted(self) -> bool:
        """Whether the server has to be asked at every use."""
        return self.max_uses is not None or self.idle_timeout_s is not None

    def __bool__(self) -> bool:
        return bool(self._checks) or self.counted or self.max_auth_age_s is not None

    @classmethod
    def from_claim(cls, claim: Any) -> Limits:
        """Read the claim. A limit of a later version, which this one can't enforce, is refused.

        Raises:
            InvalidLimit: Not an object, an unknown member, or a wrong type.
        """
        if not isinstance(claim, Mapping):
            raise InvalidLimit("limits is not an object")
        if unknown := sorted(set(claim) - _KNOWN):
            raise InvalidLimit(f"limits has {', '.join(map(repr, unknown))}, which this version does not know")
        values: dict[str, Any] = {}
        for name, value in claim.items():
            if name in _NUMBERS:
                if type(value) is not int or value < 1:
                    raise InvalidLimit(f"limits.{name} is a positive number")
                values[name] = value
            elif name == "body_sha256":
                if not isinstance(value, str):
                    raise InvalidLimit("limits.body_sha256 is a text")
                values[name] = value
            else:
                values[name] = _groups(name, value)
        return cls(**values)

    def as_claim(self) -> dict[str, Any]:
        """The claim: only what is limited, in stable order."""
        claim: dict[str, Any] = {}
        for name in ("actions", "networks", "hours"):
            if groups := getattr(self, name):
                claim[name] = sorted(sorted(group) for group in groups)
        for name in _NUMBERS:
            if (value := getattr(self, name)) is not None:
                claim[name] = value
        if self.body_sha256 is not None:
            claim["body_sha256"] = self.body_sha256
        return claim

    def violation(self, attempt: Attempt, *, now: float) -> Violation | None:
        """The first limit that forbids the attempt, or None. Counted limits are the server's to judge.

        Args:
            attempt: What is tried.
            now: Seconds since 1970.
        """
        for code, group, allows in self._checks:
            if not allows(attempt, now):
                return Violation(code, expected=" or ".join(sorted(group)), found=_found(code, attempt, now))
        return None


_KNOWN = frozenset(each.name for each in fields(Limits) if each.init)


@dataclass(frozen=True, slots=True)
class Violation:
    """A limit that forbids: its stable code, what it allows, and what was tried."""

    code: str
    expected: str
    found: str


def groups_of(entries: Collection[str]) -> Groups:
    """One group of these entries; none where there are none."""
    return frozenset({frozenset(entries)}) if entries else frozenset()


def _groups(name: str, value: Any) -> Groups:
    shape = isinstance(value, list) and all(
        isinstance(group, list) and group and all(isinstance(entry, str) for entry in group) for group in value
    )
    if not shape:
        raise InvalidLimit(f"limits.{name} is a list of lists of texts")
    return frozenset(frozenset(group) for group in value)


def _found(code: str, attempt: Attempt, now: float) -> str:
    from datetime import UTC, datetime

    if code == _BODY:
        return attempt.body_sha256 or "no body known"
    if code == "network_not_allowed":
        return attempt.address or "no address known"
    if code == "hour_not_allowed":
        return datetime.fromtimestamp(now, UTC).strftime("%a %H:%M UTC")
    if attempt.action is not None:
        return attempt.action
    return f"{attempt.method} {attempt.path}" if attempt.method else "no request known"
