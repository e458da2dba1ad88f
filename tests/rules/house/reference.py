"""The parts of the reference that are written from the code: settings, commands, routes, error codes.

Between `<!-- written from the code: NAME -->` and `<!-- end of NAME -->` a page holds exactly what `PARTS[NAME]` returns.
`python tests/rules/write_reference.py` writes them anew.
"""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from . import tree
from .python_reference import library_reference

_BEGIN = "<!-- written from the code: {} -->\n"
_END = "<!-- end of {} -->"
_MARK = re.compile(r"<!-- written from the code: (\w+) -->\n(.*?)<!-- end of \1 -->", re.DOTALL)
# Options that every command has; told once, at the top of the page.
EVERYWHERE = ("--data", "--database", "--config", "--json")


def problems(name: str, text: str) -> list[str]:
    """Parts of a page that are not what the code says."""
    return [
        f"{name}: the part {part!r} is not what the code says; run `python tests/rules/write_reference.py`"
        for part, written in _MARK.findall(text)
        if written != PARTS[part]()
    ]


def parts_of(text: str) -> list[str]:
    """Names of the parts that a page holds."""
    return [part for part, _ in _MARK.findall(text)]


def rewritten(text: str) -> str:
    """The page with its parts as the code says now."""
    return _MARK.sub(lambda match: _BEGIN.format(match[1]) + PARTS[match[1]]() + _END.format(match[1]), text)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def settings() -> str:
    """Every setting: key, environment variable, type, default, meaning."""
    from admit_server.settings import Settings

    text = ""
    for section, field in Settings.model_fields.items():
        model = type(field.default)
        rows = []
        for key, info in model.model_fields.items():
            environment = f"ADMIT_{section}__{key}".upper()
            rows.append(
                (
                    f"`{key}`",
                    _type(info.annotation, info.metadata),
                    _default(info.default),
                    f"{info.description} `{environment}`",
                )
            )
        summary = (inspect.getdoc(model) or "").strip()
        text += f"\n## `[{section}]`\n\n{summary}\n"
        if rows:
            text += "\n" + table(("key", "value", "default", "meaning, and its environment variable"), rows)
    return text + "\n"


def _type(annotation: Any, metadata: list[Any]) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list of texts"
    names = {str: "text", int: "number", bool: "`true` or `false`", Path: "path"}
    kind = next((names[part] for part in (annotation, *get_args(annotation)) if part in names), str(annotation))
    low = next((m.ge for m in metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in metadata if hasattr(m, "le")), None)
    if low is None and high is None:
        return kind
    return f"{kind}, {low} to {high}" if high is not None else f"{kind}, {low} or more"


def _default(value: Any) -> str:
    if value in ("", None, ()):
        return "(empty)"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
    return f"`{value}`"


def commands() -> str:
    """Every command of `admit`, with its arguments and options."""
    from admit_server.cli.main import NOUNS

    text = ""
    for noun, summary in NOUNS.items():
        command = _click().get_command(None, noun)
        subcommands = command.list_commands(None) if hasattr(command, "list_commands") else []
        if not subcommands:
            text += f"\n## `admit {noun}`\n\n" + _command(command)
            continue
        text += f"\n## `admit {noun}`\n\n{summary}\n"
        for name in subcommands:
            child = command.get_command(None, name)
            given = "".join(
                f" {p.metavar}" if p.required else f" [{p.metavar}]" for p in child.params if not _is_option(p)
            )
            text += f"\n### `admit {noun} {name}{given}`\n\n" + _command(child)
    return text + "\n"


def command_names() -> list[str]:
    """Every command, as people type it."""
    from admit_server.cli.main import NOUNS

    names = []
    for noun in NOUNS:
        command = _click().get_command(None, noun)
        names += (
            [f"{noun} {name}" for name in command.list_commands(None)] if hasattr(command, "list_commands") else [noun]
        )
    return names


def _click() -> Any:
    import typer

    from admit_server.cli.main import app

    return typer.main.get_command(app)


def _command(command: Any) -> str:
    text = " ".join(inspect.cleandoc(command.help).split()) + "\n"
    rows = [_row(p) for p in command.params if not p.hidden and p.opts[0] not in EVERYWHERE]
    return text + ("\n" + table(("argument or option", "meaning"), rows) if rows else "")


def _is_option(parameter: Any) -> bool:
    return str(parameter.opts[0]).startswith("-")


def _row(parameter: Any) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in parameter.opts) if _is_option(parameter) else f"`{parameter.metavar}`"
    if _is_option(parameter) and not parameter.is_flag:
        names = names[:-1] + f" {parameter.metavar or 'N'}`"
    meaning = parameter.help or ""
    if parameter.required and _is_option(parameter):
        meaning += " Required."
    if parameter.default not in (None, False, (), []) and "efault" not in meaning:
        meaning += f" Default: `{parameter.default}`."
    return names, meaning.strip()


def routes() -> str:
    """The URL map: methods, body limit, form of refusals, which origins may read."""
    from admit_server.web.routes import ROUTES, STATIC

    kinds = {"oauth": "RFC 6749 JSON", "problem": "RFC 9457 problem", "page": "page"}
    readers = {None: "none", "public": "every origin", "client": "registered origins"}
    rows = []
    for path, route in [*ROUTES.items(), ("/static/…", STATIC)]:
        limit = "-"
        if "POST" in route.methods:
            most = getattr(sys.modules[route.methods["POST"].__module__], "LIMIT", None)
            limit = f"{most:,} bytes" if most is not None else "not read"
        rows.append((f"`{path}`", ", ".join(route.methods), limit, kinds[route.kind], readers[route.cors]))
    return table(("path", "methods", "body", "refusals as", "other origins"), rows)


def oauth_errors() -> str:
    """Codes of the refusals that specifications define, and our own beside them."""
    from admit_server.domain.errors import ProtocolError

    for path in tree.files("packages/admit-server/src/admit_server/flows"):
        if path.suffix == ".py" and path.name != "__init__.py":
            module = path.relative_to(tree.ROOT / "packages/admit-server/src").with_suffix("")
            importlib.import_module(".".join(module.parts))
    found = [error for error in _family(ProtocolError) if error is not ProtocolError]
    rows = {(f"`{e.code}`", str(e.status), "yes" if e.may_redirect else "no", _summary(e)) for e in found}
    return table(("code", "status", "may go to the redirect URI", "meaning"), sorted(rows))


def administration_errors() -> str:
    """Codes of what an administrator asked for and could not be done, and of input that can't be read."""
    from admit_server.domain.errors import AdministrationError

    found = [e for e in _family(AdministrationError) if e is not AdministrationError]
    rows = [(f"`{e.code}`", str(e.status), _summary(e)) for e in found]
    rows += [
        ("`malformed_request`", "400", "Body, address or a header can't be read."),
        ("`unsupported_media_type`", "415", "The body is not sent as `application/json`."),
        ("`invalid_value`", "422", "A member or parameter is missing, unknown, or does not fit."),
    ]
    return table(("code", "status", "meaning"), sorted(rows))


def operations() -> str:
    """Every operation of the administration API."""
    from admit_server.web.api.table import OPERATIONS

    marks = {"created": "key", "changes": "dry run", "of": "If-Match"}
    rows = []
    for op in OPERATIONS:
        honours = [word for name, word in marks.items() if getattr(op, name)]
        codes = [f"`{error.code}`" for error in op.errors]
        rows.append((f"`{op.method} {op.path}`", op.summary, f"`{op.scope}`", ", ".join(honours), ", ".join(codes)))
    return table(("operation", "does", "scope", "honours", "refuses"), rows)


def fault_codes() -> str:
    """Codes of refusals that no flow makes."""
    return table(("code", "status"), sorted((f"`{code}`", status) for code, status in _faults()))


def _faults() -> set[tuple[str, str]]:
    """First arguments of `responses.fault(status, code)` and `responses.problem(status, code)`."""
    found = set()
    for path in tree.files("packages/admit-server/src/admit_server/web"):
        if path.suffix != ".py":
            continue
        for node in ast.walk(tree.parsed(path)):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("fault", "problem")
            ):
                continue
            if len(node.args) >= 2 and all(isinstance(argument, ast.Constant) for argument in node.args[:2]):
                status, code = (argument.value for argument in node.args[:2])  # type: ignore[attr-defined]
                found.add((code, str(status)))
    return found


def library_errors() -> str:
    """Codes of the library's refusals."""
    from admit.errors import AdmitError, TokenRejected

    rows = []
    for error in _family(AdmitError):
        if error.__module__ != "admit.errors" or error in (AdmitError, TokenRejected):
            continue
        rows.append((f"`{error.code}`", str(error.status), f"`{error.__name__}`", _summary(error)))
    return table(("code", "status", "class", "meaning"), rows)


def _family(root: type) -> list[Any]:
    found = [root]
    for child in root.__subclasses__():
        found += [one for one in _family(child) if one not in found]
    return found


def _summary(error: type) -> str:
    return " ".join((inspect.getdoc(error) or "").split("\n\n")[0].split())


def attacks() -> str:
    """What `assert_protected` tries on a route that asks for one scope, a fresh sign-in and a strong one."""
    from admit.testing import TestIssuer
    from admit.testing import attacks as all_attacks

    tried = all_attacks(TestIssuer(), scopes=["items:read"], max_age=300, acr="urn:admit:acr:2fa")
    rows = {(f"`{each.name}`", each.sends, f"{each.status}", each.lesson): None for each in tried}
    return table(("attack", "what is sent", "the right answer", "where it gets through"), rows)


def test_tokens() -> str:
    """Methods of the test issuer, and what each gives."""
    from admit.testing import TestIssuer

    rows = []
    for name, method in inspect.getmembers(TestIssuer, inspect.isfunction):
        if not name.startswith("_"):
            rows.append((f"`{name}`", (inspect.getdoc(method) or "").splitlines()[0]))
    return table(("method", "what it gives or does"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "routes": routes,
    "oauth_errors": oauth_errors,
    "administration_errors": administration_errors,
    "operations": operations,
    "fault_codes": fault_codes,
    "library_errors": library_errors,
    "attacks": attacks,
    "test_tokens": test_tokens,
    "library_reference": library_reference,
}
