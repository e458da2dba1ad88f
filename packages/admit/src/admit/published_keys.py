"""Fetching a published key set (RFC 7517 section 5)."""

from __future__ import annotations

import re

from admit.connecting import Line
from admit.errors import VerifierUnavailable
from admit.fetching import Unreachable, fetch
from admit.jose import InvalidKey, Jwks

_HEADERS = {"Accept": "application/jwk-set+json, application/json"}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", re.ASCII | re.IGNORECASE)


def fetch_keys(uri: str, *, timeout_s: float, line: Line) -> tuple[Jwks, float | None]:
    """Return the set at `uri`, and the seconds for which it may be kept by its Cache-Control (RFC 9111 section 5.2.2.1), if it says.

    Raises:
        VerifierUnavailable: There is no answer, or one that is no key set.
    """
    try:
        answer = fetch(uri, headers=_HEADERS, timeout_s=timeout_s, line=line)
    except Unreachable as error:
        raise VerifierUnavailable(f"the key set cannot be fetched: {error}") from None
    if answer.status != 200:
        raise VerifierUnavailable(f"the key set cannot be fetched: {uri} answers {answer.status}")
    try:
        keys = Jwks.parse(answer.body)
    except InvalidKey as error:
        raise VerifierUnavailable(f"the key set at {uri} is refused: {error}") from None
    found = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    return keys, None if found is None else float(found[1])


def same(one: Jwks, other: Jwks) -> bool:
    """Say whether two published sets are the same keys, whatever their order and spelling."""
    members = [sorted(sorted(key.public_dict().items()) for key in keys) for keys in (one, other)]
    return members[0] == members[1] and one.ignored == other.ignored
