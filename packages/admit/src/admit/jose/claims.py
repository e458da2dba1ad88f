"""Typed checks of the registered claims (RFC 7519 section 4.1). The clock is an argument."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from admit.jose.errors import Expired, InvalidClaim, NotYetValid, WrongAudience, WrongIssuer

RFC9068_REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""What every access token in JWT form must carry (RFC 9068 section 2.2)."""

TEXTS = ("iss", "sub", "jti", "client_id", "sid", "grant", "scope", "acr")
TIMES = ("exp", "nbf", "iat", "auth_time")
_NEVER_TEXT = frozenset({*TIMES, "amr", "parents"})
_NEVER_NUMBERS = frozenset({*TEXTS, "aud", "amr", "parents"})
_NEVER_LISTS = frozenset({*TEXTS, *TIMES, "parents"})
_REGISTERED = frozenset({*TEXTS, *TIMES, "aud", "amr", "parents"})
LAST_SECOND = 253_402_300_799  # the end of the year 9999: beyond it is a unit mistake, such as milliseconds


def check_claims(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    audience: str,
    now: float,
    leeway_s: float,
    required: Collection[str] = RFC9068_REQUIRED,
) -> None:
    """Check types, presence, issuer, audience and times, in this order.

    Args:
        claims: From a token whose signature is good.
        issuer: The exact `iss`.
        audience: Has to be `aud` or one of its entries, compared exactly (RFC 7519 section 4.1.3).
        now: Seconds since 1970, UTC.
        leeway_s: How far clocks may differ.
        required: Names that must be present.

    Raises:
        InvalidClaim, WrongIssuer, WrongAudience, Expired, NotYetValid: See there.
    """
    check_types(claims, required=required)
    if claims.get("iss") != issuer:
        raise WrongIssuer(f"token is from {_shown(claims.get('iss'))}, this verifier trusts {issuer!r}")
    if audience not in audiences(claims):
        raise WrongAudience(f"token is for {named(audiences(claims))}, this resource is {audience!r}")
    check_times(claims, now=now, leeway_s=leeway_s)


def check_types(claims: Mapping[str, Any], *, required: Collection[str] = ()) -> None:
    """Refuse missing claims and registered claims of another type than theirs.

    Raises:
        InvalidClaim: For example `exp` as text or `sub` as a number.
    """
    if missing := [name for name in required if name not in claims]:
        raise InvalidClaim(f"claims are missing: {', '.join(missing)}")
    for name in TEXTS:
        if name in claims and not isinstance(claims[name], str):
            raise InvalidClaim(f"{name} must be text")
    for name in TIMES:
        if name in claims:
            _refuse_odd_time(name, claims[name])
    if "aud" in claims:
        audiences(claims)
    amr = claims.get("amr", [])
    if not isinstance(amr, list) or not all(isinstance(item, str) for item in amr):
        raise InvalidClaim("amr must be a list of texts")
    parents = claims.get("parents", [])
    if not isinstance(parents, list) or not all(_names_a_token(each) for each in parents):
        raise InvalidClaim("parents must be a list of objects, each with grant and jti")
    if "sub" in claims and not claims["sub"]:
        raise InvalidClaim("sub must not be empty")


def plainly_typed(claims: Mapping[str, Any], *, required: Collection[str]) -> bool:
    """Say whether `check_types` accepts these claims; False also for some rare good ones, such as times with fractions.

    One pass over the claims, without a message for what is wrong.
    """
    for name in required:
        if name not in claims:
            return False
    for name, value in claims.items():
        kind = type(value)
        if kind is str:
            if name in _NEVER_TEXT or (not value and name == "sub"):
                return False
        elif kind is int:
            if name in _NEVER_NUMBERS or (name in TIMES and not 0 <= value <= LAST_SECOND):
                return False
        elif kind is list:
            if name in _NEVER_LISTS or (name in _REGISTERED and not all(type(each) is str for each in value)):
                return False
        elif name in _REGISTERED:
            return False
    return True


def check_times(claims: Mapping[str, Any], *, now: float, leeway_s: float) -> None:
    """Refuse a token outside its time.

    Dead in the very second of `exp` plus leeway: "on or after which the JWT MUST NOT be accepted" (RFC 7519 section
    4.1.4). An `iat` in the future is refused like an `nbf`: such a token was made by a clock that cannot be trusted.

    Raises:
        Expired, NotYetValid: With the distance in seconds and the leeway.
    """
    expires_at = claims.get("exp")
    if expires_at is not None and now >= expires_at + leeway_s:
        raise Expired(f"expired {_seconds(now - expires_at)} s ago (leeway {_seconds(leeway_s)} s)")
    for name in ("nbf", "iat"):
        starts_at = claims.get(name)
        if starts_at is not None and now + leeway_s < starts_at:
            ahead = _seconds(starts_at - now)
            raise NotYetValid(
                f"begins in {ahead} s by its {name} (leeway {_seconds(leeway_s)} s): compare the clocks of issuer and resource"
            )


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return `aud` as a tuple, whichever of its two forms it has (RFC 7519 section 4.1.3).

    Raises:
        InvalidClaim: Neither text nor a list of texts.
    """
    value = claims.get("aud", ())
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise InvalidClaim("aud must be text or a list of texts")


def named(values: tuple[str, ...]) -> str:
    """Return texts as a person would write them: 'a' and 'b'."""
    return " and ".join(map(_shown, values)) or "nobody"


def _names_a_token(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("grant", "jti"))


def _refuse_odd_time(name: str, value: object) -> None:
    # RFC 7519 section 2, NumericDate: a JSON number, fractions allowed. bool is a number to Python, not to JSON.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidClaim(f"{name} must be a number of seconds")
    if not 0 <= value <= LAST_SECOND:
        raise InvalidClaim(f"{name} is out of range; the unit is seconds since 1970")


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _shown(value: object) -> str:
    return repr(value)[:200]
