"""What people type: lists, lengths of time, and secrets, which come from standard input or a file and never from the command line."""

import getpass
import re
import sys
from pathlib import Path

import typer

from ..domain.transaction import TransactionType
from .refusal import Refused

_LARGEST_SECRET = 65_536
_SPAN = re.compile(r"(?:[0-9]{1,9}[smhdw])+\Z|[0-9]{1,9}\Z")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def words(values: list[str] | None) -> tuple[str, ...]:
    """A repeated flag whose values may be space-separated lists, without repetitions."""
    return tuple(dict.fromkeys(word for value in values or () for word in value.split()))


def scope_texts(values: list[str] | None) -> dict[str, str]:
    """`NAME=TEXT`, repeated; names alone may be a space-separated list, and are their own text."""
    texts: dict[str, str] = {}
    for value in values or ():
        name, separator, text = value.partition("=")
        if separator:
            texts[name.strip()] = text.strip() or name.strip()
        else:
            texts |= {word: word for word in value.split()}
    return texts


def transaction_types(values: list[str] | None) -> dict[str, TransactionType]:
    """`NAME=ACTION|TEXT`, repeated: where a transaction goes, and the sentence that people approve.

    Raises:
        typer.BadParameter: Anything else.
    """
    types: dict[str, TransactionType] = {}
    for value in values or ():
        name, equals, rest = value.partition("=")
        action, bar, text = rest.partition("|")
        if not (equals and bar):
            raise typer.BadParameter(f'{value!r}: write "payment=POST /payments|Pay {{amount}} to {{payee}}"')
        types[name.strip()] = TransactionType(action.strip(), text.strip())
    return types


def seconds(text: str | None) -> int | None:
    """A length of time such as `15m`, `1h30m`, `30d` or `90s`; a bare number is seconds.

    Raises:
        typer.BadParameter: Anything else.
    """
    if text is None:
        return None
    if not _SPAN.match(text):
        raise typer.BadParameter(f"{text!r} is no length of time; write 90s, 15m, 1h or 30d")
    if text.isdigit():
        return int(text)
    return sum(int(part[:-1]) * _UNIT_S[part[-1]] for part in re.findall(r"[0-9]+[smhdw]", text))


def password(*, file: Path | None, label: str) -> str:
    """A new password: from a file, from standard input, or, at a terminal, asked for twice without echo.

    Raises:
        Refused: Nothing came, the two differ, or the file can't be read.
    """
    if file is not None:
        return _one_secret(_read_file(file), what="password", where=str(file))
    if not sys.stdin.isatty():
        return _one_secret(_read_stdin(), what="password", where="standard input")
    first = getpass.getpass(f"{label}: ")
    if getpass.getpass("Again: ") != first:
        raise Refused("The two passwords differ; nothing was changed.")
    if not first:
        raise Refused("No password was typed; nothing was changed.")
    return first


def token() -> str:
    """The text of a token, from standard input or, at a terminal, asked for without echo.

    Raises:
        Refused: Nothing came.
    """
    if sys.stdin.isatty():
        return _one_secret(
            getpass.getpass("Token: ").encode(errors="replace"), what="token", where="the terminal"
        ).strip()
    return _one_secret(_read_stdin(), what="token", where="standard input").strip()


def _one_secret(raw: bytes, *, what: str, where: str) -> str:
    if len(raw) > _LARGEST_SECRET:
        raise Refused(f"What came from {where} is too long for a {what}.")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Refused(f"The {what} from {where} is not UTF-8 text.") from None
    # One line end belongs to `echo` and to text files, not to the secret. A byte order mark neither.
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise Refused(f"No {what} came from {where}.")
    if "\x00" in text or "\n" in text.strip():
        raise Refused(f"The {what} from {where} is more than one line.")
    return text


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(_LARGEST_SECRET + 1)


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_SECRET + 1)
    except OSError as error:
        raise Refused(f"The file {path} can't be read: {error.strerror}.") from None
