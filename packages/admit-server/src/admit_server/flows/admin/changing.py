"""A change that names some fields and leaves the others: None is a value there, so what is not named is `KEEP`."""

from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Keep(Enum):
    """The type of `KEEP`."""

    IT = "as it is"


KEEP = Keep.IT


def chosen(new: T | Keep, old: T) -> T:
    """The new value, or the old one where nothing was said."""
    return old if isinstance(new, Keep) else new
