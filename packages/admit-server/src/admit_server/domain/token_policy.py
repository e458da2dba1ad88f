"""The token policy: a named, frozen set of limits. Policies combine with `&` to the strictest."""

from dataclasses import dataclass, fields

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """How long tokens live. Seconds everywhere; None is "unlimited", so `TokenPolicy()` changes nothing it is combined with.

    `&` is associative, commutative and idempotent: the result of server default & resource & client never depends on order.

    Attributes:
        lifetime_s: An access token ends by itself after this long; 30 to 86400.
        end_with_session: Tokens die at the moment of logout.
        refresh_lifetime_s: The absolute end of a family of refresh tokens, counted from its start; 60 to 10 years.
        refresh_idle_s: A refresh token that is not used ends after this long; 60 to 10 years.
        refresh_reuse_window_s: How long the immediate predecessor still buys the same successor; 0 (never) to 300.
    """

    lifetime_s: int | None = None
    end_with_session: bool = False
    refresh_lifetime_s: int | None = None
    refresh_idle_s: int | None = None
    refresh_reuse_window_s: int | None = None

    def __post_init__(self) -> None:
        _check("lifetime_s", self.lifetime_s, 30, DAY_S)
        _check("refresh_lifetime_s", self.refresh_lifetime_s, 60, 3650 * DAY_S)
        _check("refresh_idle_s", self.refresh_idle_s, 60, 3650 * DAY_S)
        _check("refresh_reuse_window_s", self.refresh_reuse_window_s, 0, 300)

    def __and__(self, other: "TokenPolicy") -> "TokenPolicy":
        """The strictest of both, field by field."""
        return TokenPolicy(
            lifetime_s=_least(self.lifetime_s, other.lifetime_s),
            end_with_session=self.end_with_session or other.end_with_session,
            refresh_lifetime_s=_least(self.refresh_lifetime_s, other.refresh_lifetime_s),
            refresh_idle_s=_least(self.refresh_idle_s, other.refresh_idle_s),
            refresh_reuse_window_s=_least(self.refresh_reuse_window_s, other.refresh_reuse_window_s),
        )

    def bounded(self) -> "BoundedPolicy":
        """The same limits with every number present, ready to issue by.

        Raises:
            ValueError: A number is unlimited; the server's default policy sets them all.
        """
        missing = [f.name for f in fields(self) if getattr(self, f.name) is None]
        if missing:
            raise ValueError(f"a policy to issue by needs {', '.join(missing)}")
        return BoundedPolicy(
            lifetime_s=self.lifetime_s or 0,
            end_with_session=self.end_with_session,
            refresh_lifetime_s=self.refresh_lifetime_s or 0,
            refresh_idle_s=self.refresh_idle_s or 0,
            refresh_reuse_window_s=self.refresh_reuse_window_s or 0,
        )

    def as_dict(self) -> dict[str, int | bool]:
        """The limits that are set, for storage and for `--json`."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None and v is not False}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedPolicy:
    """A policy in which nothing is unlimited: what a grant is issued by."""

    lifetime_s: int
    end_with_session: bool
    refresh_lifetime_s: int
    refresh_idle_s: int
    refresh_reuse_window_s: int

    def refresh_expiry(self, *, family_ends_at: int, now: int) -> int:
        """When a refresh token made now ends (seconds, UTC): the idle time, never past the family's absolute end."""
        return min(now + self.refresh_idle_s, family_ends_at)

    def as_dict(self) -> dict[str, int | bool]:
        """All limits, for storage with the grant that was issued by them."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def _check(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} must be {low}..{high}, got {value}")


def _least(a: int | None, b: int | None) -> int | None:
    if a is None:
        return b
    return a if b is None else min(a, b)


SERVER_DEFAULT = TokenPolicy(
    lifetime_s=600,
    end_with_session=True,
    refresh_lifetime_s=90 * DAY_S,
    refresh_idle_s=14 * DAY_S,
    refresh_reuse_window_s=30,
)
