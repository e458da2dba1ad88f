"""The file of `admit user import`: one JSON object a line."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from ..domain.errors import NotAllowed
from ..domain.password_dumps import Dumped, FirebaseParameters
from ..domain.password_hash import from_text
from ..flows.admin.importing import MOST_PEOPLE, Immigrant
from .refusal import Refused

_LONGEST_LINE = 32_768
_NAMES = ("username", "email", "email_verified", "roles", "disabled", "password_hash", "scheme", "salt")
_PROJECT = re.compile(r'"?(base64_signer_key|base64_salt_separator|rounds|mem_cost)"?\s*[:=]\s*"?([A-Za-z0-9+/=_-]+)"?')


def firebase_parameters(path: Path) -> FirebaseParameters:
    """The `hash_config` of a Firebase project, as its console shows it, or as JSON with the same names.

    Raises:
        Refused: The file can't be read, or something is missing.
    """
    try:
        found = dict(_PROJECT.findall(path.read_text(encoding="utf-8")))
        return FirebaseParameters(
            signer_key=from_text(found["base64_signer_key"]),
            salt_separator=from_text(found["base64_salt_separator"]),
            rounds=int(found["rounds"]),
            memory_cost=int(found["mem_cost"]),
        )
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"The file {path} can't be read: {error}.") from None
    except (KeyError, ValueError, NotAllowed):
        names = "base64_signer_key, base64_salt_separator, rounds and mem_cost"
        raise Refused(f"{path} is no hash_config of a Firebase project: it needs {names}.") from None


def people(
    path: Path, *, scheme: str, firebase: FirebaseParameters | None
) -> tuple[list[Immigrant], list[tuple[int, str]]]:
    """Read the file; `-` is standard input. Empty lines are left out. Also the lines that are none of a person, with the reason.

    Raises:
        Refused: The file can't be read, or has too many lines.
    """
    found: list[Immigrant] = []
    wrong: list[tuple[int, str]] = []
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise Refused(f"The file {path} can't be read: {error.strerror}.") from None
    lines = raw.split(b"\n")
    if len(lines) > 2 * MOST_PEOPLE:
        raise Refused(f"The file has {len(lines)} lines; cut it to {MOST_PEOPLE} people.")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_person(number, line, scheme=scheme, firebase=firebase))
        except ValueError as error:
            wrong.append((number, str(error)))
    return found, wrong


def _person(number: int, line: bytes, *, scheme: str, firebase: FirebaseParameters | None) -> Immigrant:
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"The line is longer than {_LONGEST_LINE} bytes.")
    try:
        value = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise ValueError("The line is not UTF-8.") from None
    except RecursionError:
        raise ValueError("The line is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"The line is not JSON: {error.msg} at character {error.pos + 1}.") from None
    if not isinstance(value, dict):
        raise ValueError("The line is not a JSON object.")
    if unknown := sorted(value.keys() - set(_NAMES)):
        raise ValueError(f"{unknown[0]!r} is not known here; these are: {', '.join(_NAMES)}.")
    hashed, roles = value.get("password_hash"), value.get("roles") or []
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise ValueError("'roles' is a list of texts.")
    for name in ("disabled", "email_verified"):
        if not isinstance(value.get(name) or False, bool):
            raise ValueError(f"{name!r} is true or false.")
    if not isinstance(hashed, str | dict | None):
        raise ValueError("'password_hash' is a text, or an object of Keycloak.")
    password = None
    if hashed:
        password = Dumped(
            hashed=hashed, scheme=_text(value, "scheme") or scheme, salt=_text(value, "salt"), firebase=firebase
        )
    return Immigrant(
        line=number,
        username=_text(value, "username"),
        email=_text(value, "email") or None,
        email_verified=value.get("email_verified") or False,
        roles=tuple(roles),
        disabled=value.get("disabled") or False,
        password=password,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name stands twice in one object.")
    return found


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str | None):
        raise ValueError(f"{name!r} is a text.")
    if text and not text.isprintable():
        raise ValueError(f"{name!r} has characters that can't be printed.")
    return text or ""
