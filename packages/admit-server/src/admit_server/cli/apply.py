"""`admit apply`: the realm in a file."""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from ..flows.admin import applying, realm
from ..flows.admin.applying import Applied, Difference
from ..flows.runtime import Caller, Runtime
from . import output
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("Make the data match a file.")

_SIGNS = {"add": "+", "change": "~", "remove": "-"}


@app.command("apply")
@placed
def apply(
    place: Place,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="What there is to be, as TOML.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be changed, and change nothing.")] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Remove what the file does not name, of the kinds that it has; never people."),
    ] = False,
    secrets_to: Annotated[
        Path | None,
        typer.Option("--secrets-to", metavar="FILE", help="Write the secrets of new clients there, as JSON."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the realm as it is now, as such a file.")] = False,
) -> None:
    """Make policies, roles, resources, clients, sign-in rules and people's roles match a file: all or nothing. Again it changes nothing."""
    if show == (file is not None):
        raise typer.BadParameter("give a file, or --show", param_hint="-f")
    if file is None:
        _show(place)
        return
    wanted = realm.read(_read(file))
    if secrets_to is not None and secrets_to.exists():
        raise Refused(f"{secrets_to} exists already; name a new file for the secrets.")

    async def work(rt: Runtime, caller: Caller) -> Applied:
        return await applying.apply(wanted, prune=prune, dry_run=dry_run, rt=rt, caller=caller)

    done = place.run(work, create=not dry_run)
    document = {
        "dry_run": dry_run,
        "changes": [_as_document(one) for one in done.differences],
        "secrets": [] if secrets_to is not None else _secrets(done),
    }
    lines = [line for one in done.differences for line in _as_lines(one)]
    if secrets_to is not None and done.secrets:
        _write(secrets_to, _secrets(done))
    else:
        lines += [f"  client_id {s.client_id}  client_secret {s.secret}  ({s.client})" for s in done.secrets]
    place.show(document, "\n".join(lines))
    amount = len(done.differences)
    if not amount:
        place.tell("Everything is as the file says.")
    else:
        place.tell(f"{'Would change' if dry_run else 'Changed'} {amount} thing{'' if amount == 1 else 's'}.")
    if done.secrets and secrets_to is None:
        place.tell("Keep the secrets now: they are never shown again.")


def _show(place: Place) -> None:
    async def work(rt: Runtime, caller: Caller) -> dict[str, Any]:
        document: dict[str, Any] = msgspec.to_builtins(await realm.present(rt))
        return document

    document = place.run(work)
    place.show(document, as_toml(document))


def as_toml(document: dict[str, Any]) -> str:
    """Kinds of named things as TOML: a table each, with values in a line."""
    parts: list[str] = []
    for kind, things in document.items():
        for name, thing in things.items():
            lines = [f"{key} = {_value(value)}" for key, value in thing.items() if value is not None]
            parts.append("\n".join([f"[{kind}.{_text(name)}]", *lines]))
    return "\n\n".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_text(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return str(value)


def _text(text: str) -> str:
    # A basic string of TOML is a JSON string, but for DEL, which has to be escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise Refused(f"The file {file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"The file {file} is not TOML: {error}.") from None


def _write(file: Path, secrets: list[dict[str, str]]) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(output.as_json(secrets) + "\n")


def _secrets(done: Applied) -> list[dict[str, str]]:
    return [{"client": s.client, "client_id": s.client_id, "client_secret": s.secret} for s in done.secrets]


def _as_document(one: Difference) -> dict[str, Any]:
    changes = {name: {"was": was, "is": now} for name, was, now in one.changes}
    return {"done": one.done, "kind": one.kind, "name": one.name, "changes": changes}


def _as_lines(one: Difference) -> list[str]:
    lines = [f"{_SIGNS[one.done]} {one.kind} {one.name}"]
    for name, was, now in one.changes:
        before = f"{_value(was)} -> " if one.done == "change" and was is not None else ""
        lines.append(f"    {name}: {before}{_value(now) if now is not None else '(none)'}")
    return lines
