"""The limits that a resource enforces: one pure function for library and server."""

from admit.limits.entries import Attempt, InvalidLimit, body_digest
from admit.limits.presented import Presented
from admit.limits.values import COUNTED, Groups, Limits, Violation, groups_of

__all__ = [
    "COUNTED",
    "Attempt",
    "Groups",
    "InvalidLimit",
    "Limits",
    "Presented",
    "Violation",
    "body_digest",
    "groups_of",
]
