"""The limits that the holder of a token may ask for when it exchanges the token for a weaker one."""

from collections.abc import Mapping
from typing import Any

from .errors import InvalidRequest
from .token_policy import Groups, TokenPolicy

_NUMBERS = ("lifetime_s", "idle_timeout_s", "max_uses")
_GROUPS = ("actions", "networks", "hours")
MOST_ENTRIES = 64
LONGEST_ENTRY = 600


def wanted_limits(values: Mapping[str, Any]) -> TokenPolicy:
    """Read the `limits` parameter: the fields of a token policy by name; a list is one group, any entry of which allows.

    Raises:
        InvalidRequest: An unknown name, a wrong type, or a number out of its range.
    """
    if unknown := sorted(set(values) - {*_NUMBERS, *_GROUPS}):
        raise InvalidRequest(
            f"limits has {unknown[0][:40]!r}; it may have {', '.join(_NUMBERS + _GROUPS)}.".replace('"', "'")
        )
    read: dict[str, Any] = {}
    for name, value in values.items():
        if name in _GROUPS:
            read[name] = _group(name, value)
        elif type(value) is int:
            read[name] = value
        else:
            raise InvalidRequest(f"limits.{name} is a number.")
    try:
        return TokenPolicy(**read)
    except ValueError as error:
        raise InvalidRequest(f"limits: {error}.") from None


def _group(name: str, value: Any) -> Groups:
    entries = isinstance(value, list) and all(isinstance(each, str) and len(each) <= LONGEST_ENTRY for each in value)
    if not entries or not 1 <= len(value) <= MOST_ENTRIES:
        raise InvalidRequest(f"limits.{name} is a list of 1 to {MOST_ENTRIES} texts.")
    return frozenset({frozenset(value)})
