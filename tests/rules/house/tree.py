"""The files of this repository, as a fresh clone has them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("packages/admit/src", "packages/admit-server/src")

# What tools make, and what people keep beside it; as in .gitignore.
_NOT_OURS = frozenset({"var", "dist", "build", "site", "node_modules", "test-artifacts", "__pycache__"})
_HIDDEN_BUT_OURS = frozenset({".ci"})


def walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder that belongs to the repository."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            if entry.name in _NOT_OURS or (entry.name.startswith(".") and entry.name not in _HIDDEN_BUT_OURS):
                continue
            yield from walk(entry)
        elif entry.is_file() and not entry.name.startswith("."):
            yield entry


@cache
def files(under: str = "") -> tuple[Path, ...]:
    """Every file of the repository below a folder."""
    return tuple(walk(ROOT / under))


@cache
def sources() -> tuple[Path, ...]:
    """The Python modules of both distributions."""
    return tuple(path for folder in SOURCES for path in files(folder) if path.suffix == ".py")


@cache
def text_of(path: Path) -> str | None:
    """The text of a file; None for an image and the like."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    """The path as people write it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()
