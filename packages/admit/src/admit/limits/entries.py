"""How single limits are written, and whether one allows an attempt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_METHOD = r"(?:\*|[A-Z]{1,20})"
_ROUTE = re.compile(rf"{_METHOD} /[\x21-\x7E]{{0,500}}\Z")
_NAMED = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z")
_HOURS = re.compile(
    r"(?P<days>[a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*) "
    r"(?P<from>[0-2][0-9]:[0-5][0-9])-(?P<to>[0-2][0-9]:[0-5][0-9]) (?P<zone>[A-Za-z0-9_+/-]{1,64})\Z"
)


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
    """

    method: str | None = None
    path: str | None = None
    action: str | None = None
    address: str | None = None


def check_action(entry: str) -> str:
    """Return an action as written.

    Raises:
        InvalidLimit: Neither "METHOD /path" nor a named action, or with an empty or dot segment.
    """
    if _NAMED.match(entry):
        return entry
    if not _ROUTE.match(entry) or not _is_plain(entry.partition(" ")[2].replace("*", "x")):
        raise InvalidLimit(
            f'{entry!r} is not an action: write "GET /orders/*", "* /health" or a name such as orders.refund'
        )
    return entry


@lru_cache(maxsize=1024)
def network(entry: str) -> Any:
    """The network.

    Raises:
        InvalidLimit: Not CIDR notation, or with host bits.
    """
    import ipaddress

    try:
        return ipaddress.ip_network(entry)
    except ValueError as error:
        raise InvalidLimit(f"{entry!r} is not a network: {error}") from None


@lru_cache(maxsize=1024)
def window(entry: str) -> tuple[frozenset[int], int, int, str]:
    """Days (0 is Monday), first and last minute of the day (exclusive), and the time zone.

    Raises:
        InvalidLimit: Not written like "mon-fri 08:00-18:00 Europe/Berlin", or an unknown zone.
    """
    match = _HOURS.match(entry)
    if match is None:
        raise InvalidLimit(f'{entry!r} is not a time window: write "mon-fri 08:00-18:00 Europe/Berlin"')
    begin, end = _minute(match["from"]), _minute(match["to"])
    if begin > 1439 or end > 1440 or begin == end:
        raise InvalidLimit(f"{entry!r}: times run from 00:00 to 24:00, and a window has a length")
    _zone(match["zone"])
    return frozenset(_days(match["days"], entry)), begin, end, match["zone"]


def action_allowed(entry: str, attempt: Attempt, now: float) -> bool:
    method, space, pattern = entry.partition(" ")
    if not space:
        return attempt.action == entry
    if attempt.method is None or attempt.path is None or method not in ("*", attempt.method):
        return False
    # "/a/../b" or "/a//b" may be routed otherwise than it reads, so such a path matches nothing.
    return _is_plain(attempt.path) and _pattern(pattern).fullmatch(attempt.path) is not None


def network_allowed(entry: str, attempt: Attempt, now: float) -> bool:
    import ipaddress

    if attempt.address is None:
        return False
    try:
        address = ipaddress.ip_address(attempt.address)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address) in network(entry)


def hour_allowed(entry: str, attempt: Attempt, now: float) -> bool:
    from datetime import datetime

    days, begin, end, zone = window(entry)
    local = datetime.fromtimestamp(now, _zone(zone))
    minute, today = local.hour * 60 + local.minute, local.weekday()
    if begin < end:
        return today in days and begin <= minute < end
    # Over midnight: the evening belongs to the day that is named, the morning to the one after it.
    return (today in days and minute >= begin) or ((today - 1) % 7 in days and minute < end)


def _is_plain(path: str) -> bool:
    """Whether a path reads as it is routed: absolute, no empty or dot segments (a slash at its end is allowed)."""
    segments = path.split("/")
    return (
        segments[0] == ""
        and not any(s in (".", "..") for s in segments)
        and "" not in segments[1:-1]
        and "\\" not in path
    )


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]+"}.get(part) or re.escape(part) for part in parts), re.DOTALL)


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _days(text: str, entry: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise InvalidLimit(f"{entry!r}: days are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        yield from ((begin + step) % 7 for step in range((end - begin) % 7 + 1))


@lru_cache(maxsize=256)
def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidLimit(f"{name!r} is not a time zone that this machine knows") from error
