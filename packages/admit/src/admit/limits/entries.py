"""How single limits are written, and what a group of them allows.

A group is compiled once to a function; judging an attempt then compares a few numbers and texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from admit.limits.presented import Presented

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ROUTE = re.compile(r"(?P<method>\*|[A-Z]{1,20}) (?P<path>/[\x21-\x7E]{0,500})\Z")
_NAMED = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z")
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")  # no bits beyond the 256
_NETWORK = re.compile(r"[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?\Z")
_HOURS = re.compile(
    r"(?P<days>[a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*) "
    r"(?P<from>[0-2][0-9]:[0-5][0-9])-(?P<to>[0-2][0-9]:[0-5][0-9]) (?P<zone>[A-Za-z0-9_+/-]{1,64})\Z"
)
# What another program on the way may read as another path: empty and dot segments (also with a ";parameter" behind them), backslashes,
# control characters, and what becomes one of these when it is decoded once more.
TRICKY = re.compile(r"//|/\.{1,2}(?:;[^/]*)?(?:/|\Z)|[\\\x00-\x1F\x7F]|%(?:2[5EFef]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])")

Allows = Callable[["Attempt", float], bool]


class InvalidLimit(ValueError):
    """A limit is not written as it has to be; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody tries to do with a token. None: not known here, and a limit that needs it refuses.

    Attributes:
        method: The HTTP method, upper case.
        path: The path as routed, decoded once, without the query.
        action: A named action, such as "orders.refund", that the resource declares.
        address: The address of the client, after trusted proxies.
        body_sha256: `body_digest` of the request's body, for tickets of one transaction.
        presented: How the token was shown. None: tokens that are bound to a key or certificate are refused.
    """

    method: str | None = None
    path: str | None = None
    action: str | None = None
    address: str | None = None
    body_sha256: str | None = None
    presented: Presented | None = None


def body_digest(body: bytes) -> str:
    """How a body stands in `Attempt.body_sha256` and in the details of a transaction: base64url of its SHA-256, 43 characters."""
    import base64
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def body(digest: str) -> Allows:
    """What a ticket of one transaction allows: that very body.

    Raises:
        InvalidLimit: Not 43 characters of base64url.
    """
    if not _DIGEST.match(digest):
        raise InvalidLimit("body_sha256 is the SHA-256 of a body as 43 characters of base64url")
    return lambda attempt, now: attempt.body_sha256 == digest


@lru_cache(maxsize=256)
def actions(group: frozenset[str]) -> Allows:
    """What a group of actions allows: any of its names, or any of its routes.

    Raises:
        InvalidLimit: An entry is neither "METHOD /path" nor a name.
    """
    names = frozenset(entry for entry in group if _NAMED.match(entry))
    routes = tuple(_route(entry) for entry in sorted(group - names))

    def allows(attempt: Attempt, now: float) -> bool:
        if attempt.action is not None and attempt.action in names:
            return True
        method, path = attempt.method, attempt.path
        if method is None or path is None or not routes or TRICKY.search(path):
            return False
        return any(wanted in ("*", method) and matches(path) for wanted, matches in routes)

    return allows


@lru_cache(maxsize=1024)
def networks(group: frozenset[str]) -> Allows:
    """What a group of networks allows: addresses in any of them. IPv4 written as IPv6 (`::ffff:192.0.2.1`) is IPv4.

    Raises:
        InvalidLimit: An entry is not CIDR notation, has host bits, or is IPv4 written as IPv6.
    """
    blocks = tuple(_block(entry) for entry in sorted(group))

    def allows(attempt: Attempt, now: float) -> bool:
        known = _address(attempt.address) if attempt.address is not None else None
        if known is None:
            return False
        version, number = known
        return any(version == of and number & mask == base for of, base, mask in blocks)

    return allows


@lru_cache(maxsize=1024)
def hours(group: frozenset[str]) -> Allows:
    """What a group of time windows allows: the minutes of any of them, by the clock on the wall of its time zone.

    Raises:
        InvalidLimit: An entry is not written like "mon-fri 08:00-18:00 Europe/Berlin", or names an unknown zone.
    """
    from datetime import datetime

    windows = tuple(_window(entry) for entry in sorted(group))

    def allows(attempt: Attempt, now: float) -> bool:
        for days, begin, end, zone in windows:
            local = datetime.fromtimestamp(now, zone)
            minute, today = local.hour * 60 + local.minute, local.weekday()
            if begin < end:
                if today in days and begin <= minute < end:
                    return True
            # Over midnight: the evening belongs to the day that is named, the morning to the one after it.
            elif (minute >= begin and today in days) or (minute < end and (today - 1) % 7 in days):
                return True
        return False

    return allows


def _route(entry: str) -> tuple[str, Callable[[str], object]]:
    match = _ROUTE.match(entry)
    if match is None:
        raise InvalidLimit(
            f'{entry!r} is not an action: write "GET /orders/*", "* /health" or a name such as orders.refund'
        )
    return match["method"], path_pattern(match["path"], entry)


def path_pattern(path: str, entry: str) -> Callable[[str], object]:
    """Compile the path of an action: what the function returns is true for whole paths that the pattern matches. `entry`: how to call it.

    Raises:
        InvalidLimit: It is not written as it has to be.
    """
    if TRICKY.search(path) or re.search(r"[?#%]", path):
        raise InvalidLimit(
            f"{entry!r}: a path is written as it is routed: decoded, without a query, without empty or dot segments"
        )
    segments = path[1:].split("/")
    # So few wildcards that there is one way to try: whoever holds a ticket writes limits for a weaker one.
    if segments.count("**") > 1 or any(s.count("*") > 1 for s in segments if s != "**"):
        raise InvalidLimit(f"{entry!r}: a segment holds one * at most, and a path one ** that is a segment of its own")
    at = segments.index("**") if "**" in segments else None
    head = [s.partition("*") for s in segments[:at]]
    tail = [s.partition("*") for s in segments[at + 1 :]] if at is not None else []
    least = len(head) + (0 if at is None else len(tail) or 1)

    def matches(path: str) -> bool:
        # No expression: each segment has its place, from the front or from the end, and is looked at once.
        root, *parts = path.split("/")
        if root or len(parts) < least or (at is None and len(parts) > least):
            return False
        return all(map(_fits, head, parts)) and (not tail or all(map(_fits, tail, parts[-len(tail) :])))

    return matches


def _fits(wanted: tuple[str, str, str], part: str) -> bool:
    before, star, behind = wanted
    longer = len(part) > len(before) + len(behind)
    return longer and part.startswith(before) and part.endswith(behind) if star else part == before


def _block(entry: str) -> tuple[int, int, int]:
    """IP version, network and mask."""
    import ipaddress

    if not _NETWORK.match(entry):
        raise InvalidLimit(f'{entry!r} is not a network: write "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"')
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as error:
        raise InvalidLimit(f"{entry!r} is not a network: {error}") from None
    if getattr(network.network_address, "ipv4_mapped", None) is not None:
        raise InvalidLimit(f"{entry!r} is IPv4 written as IPv6; write the IPv4 network")
    return network.version, int(network.network_address), int(network.netmask)


@lru_cache(maxsize=4096)
def _address(text: str) -> tuple[int, int] | None:
    """IP version and number; None for what is no address."""
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return address.version, int(address)


def _window(entry: str) -> tuple[frozenset[int], int, int, Any]:
    """Days (0 is Monday), first and last minute of the day (exclusive), and the time zone."""
    match = _HOURS.match(entry)
    if match is None:
        raise InvalidLimit(f'{entry!r} is not a time window: write "mon-fri 08:00-18:00 Europe/Berlin"')
    begin, end = _minute(match["from"]), _minute(match["to"])
    if begin > 1439 or end > 1440 or begin == end:
        raise InvalidLimit(f"{entry!r}: times run from 00:00 to 24:00, and a window has a length")
    return frozenset(_days(match["days"], entry)), begin, end, _zone(match["zone"])


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _days(text: str, entry: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise InvalidLimit(f"{entry!r}: days are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        yield from ((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _zone(name: str) -> Any:
    from datetime import UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC  # needs no time zone database
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidLimit(f"{name!r} is not a time zone that this machine knows") from error
