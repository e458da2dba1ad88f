"""Whether an issuer offers a feed at all: no feed is a mistake in the set-up, a feed in trouble is an outage."""

from __future__ import annotations

from collections.abc import Mapping

from admit.errors import VerifierMisconfigured

_NO_FEED = frozenset({200, 400, 401, 403, 404, 405, 406, 410, 501})  # 200: something else is at home there


def is_none(status: int) -> bool:
    """Say whether an answer that is no feed means that there is none, as opposed to none now."""
    return status in _NO_FEED


def missing(issuer: str, asked: str) -> VerifierMisconfigured:
    """Return the error that says what is missing and how to accept that."""
    return VerifierMisconfigured(
        f"{issuer} offers no revocation feed (asked {asked}). Without it a logout is noticed only when the token "
        "expires. If that is acceptable, say so: Verifier(..., revocations=None)"
    )


def retry_after_s(headers: Mapping[str, str]) -> int:
    """Return for how long to leave the stream alone: `Retry-After` in seconds, within 1 to 300."""
    value = headers.get("retry-after", "")
    return min(max(int(value[:4]), 1), 300) if value.isascii() and value.isdigit() else 1
