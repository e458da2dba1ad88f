"""Where a database lives: a SQLite file or a PostgreSQL server, read from what the operator wrote."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

FILE_NAME = "admit.db"


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A SQLite database file; its directory holds the write-ahead log beside it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL database by its URL, password and all. `str()` of it hides the password."""

    url: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        # What follows `?` may hold `password=` too, and is not needed to know which database is meant.
        return urlunsplit(("postgresql", user.partition(":")[0] + at + host, parts.path, "", ""))


Location = SqliteFile | PostgresServer


class BadLocation(ValueError):
    """The text names no database we can open; the message says what is allowed."""


def locate(text: str | Path) -> Location:
    """Read `--database`: `sqlite:///relative`, `sqlite:////absolute`, `postgresql://...`, or the path of a file.

    Raises:
        BadLocation: Another scheme, or a SQLite URL without a path.
    """
    if isinstance(text, Path):
        return SqliteFile(text)
    scheme, separator, rest = text.partition("://")
    if not separator:
        if not text:
            raise BadLocation("the database is not named: give a file, sqlite:///PATH or postgresql://USER@HOST/NAME")
        return SqliteFile(Path(text))
    match scheme:
        case "postgresql" | "postgres":
            return PostgresServer("postgresql://" + rest)
        case "sqlite" if rest.startswith("/") and len(rest) > 1:
            return SqliteFile(Path(unquote(rest[1:])))
    # The text itself may hold a password, so only its scheme is repeated.
    raise BadLocation(f"can't open a {scheme}:// database here: use sqlite:///PATH or postgresql://USER@HOST/NAME")
