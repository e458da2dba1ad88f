"""A module is named after what it is about. These names say only that somebody did not know."""

from collections.abc import Iterable
from pathlib import PurePath

BANNED = frozenset({"utils", "util", "helpers", "helper", "common", "shared", "misc", "base"})


def problems(names: Iterable[str]) -> list[str]:
    """Modules and folders with a name that says nothing."""
    return [
        f"{name}: a module or folder is called {part!r}; name it after what it is about"
        for name in names
        for part in (*PurePath(name).parts[:-1], PurePath(name).stem)
        if part.strip("_").lower() in BANNED
    ]
