"""The reference of the library, written from its docstrings."""

import dataclasses
import importlib
import inspect
import re
from types import ModuleType
from typing import Any

# What people import, in the order in which they meet it.
MODULES = (
    "admit",
    "admit.fastapi",
    "admit.starlette",
    "admit.asgi",
    "admit.id_tokens",
    "admit.encrypted",
    "admit.limits",
    "admit.revocations",
    "admit.status",
    "admit.testing",
    "admit.dpop",
    "admit.jose",
)
_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):$")
_ITEM = re.compile(r"^([A-Za-z_*][\w*., ]*): (.*)$")


def library_reference() -> str:
    """Every public name of the library's modules: how it is called, what it does, what it raises."""
    text, seen = "", set[int]()
    for name in MODULES:
        module = importlib.import_module(name)
        text += f"\n## `{name}`\n\n{_prose(inspect.getdoc(module) or '')}"
        refusals = []
        for each in module.__all__:
            value = getattr(module, each)
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, type) and issubclass(value, Exception):
                refusals.append((each, value))
            else:
                text += _thing(each, value, module)
        if refusals:
            text += "\n### Refusals\n\n" + "".join(_refusal(each, value) for each, value in refusals)
    return text + "\n"


def _thing(name: str, value: Any, module: ModuleType) -> str:
    if isinstance(value, type):
        return _class(name, value)
    if inspect.isroutine(value):
        return f"\n### `{name}{_signature(value)}`\n\n{_prose(inspect.getdoc(value) or '')}"
    shown = "" if isinstance(value, dict) or len(repr(value)) > 60 else f" = {value!r}"
    return f"\n### `{name}{shown}`\n\n{_prose(_documentation_of(name, module))}"


def _class(name: str, kind: type) -> str:
    text = f"\n### `{name}`\n\n{_prose(inspect.getdoc(kind) or '')}"
    made = kind.__dict__.get("__init__")
    if made is not None and not dataclasses.is_dataclass(kind) and inspect.getdoc(made):
        text += f"\n`{name}{_signature(made)}`\n\n{_prose(inspect.getdoc(made) or '')}"
    for each, member in kind.__dict__.items():
        if each.startswith("_"):
            continue
        inner = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if isinstance(inner, property):
            text += f"\n#### `{name}.{each}`\n\n{_prose(inspect.getdoc(inner) or '')}"
        elif inspect.isfunction(inner):
            begins = "await " if inspect.iscoroutinefunction(inner) else ""
            text += f"\n#### `{begins}{name}.{each}{_signature(inner)}`\n\n{_prose(inspect.getdoc(inner) or '')}"
    return text


def _refusal(name: str, kind: type[Exception]) -> str:
    code, status = getattr(kind, "code", None), getattr(kind, "status", None)
    said = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    known = f" (`{code}`, {status})" if code and status else f" (`{code}`)" if code else ""
    return f"- `{name}`{known}: {said}\n"


def _signature(value: Any) -> str:
    """A signature as people write it: without `self`, without what types say at length."""
    parameters = [each for each in inspect.signature(value).parameters.values() if each.name not in ("self", "cls")]
    written, keyword_only = [], False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            written.append("*")
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        keyword_only = keyword_only or each.kind is each.VAR_POSITIONAL
        default = "" if each.default is each.empty else f"={_shown(each.default)}"
        written.append(f"{stars}{each.name}{default}")
    return f"({', '.join(written)})"


def _shown(value: object) -> str:
    text = getattr(value, "__qualname__", None) if callable(value) else repr(value)
    return text if text is not None and " at 0x" not in text and len(text) <= 40 else "..."


def _prose(text: str) -> str:
    """A docstring as Markdown: its lists of arguments and errors become lists, its examples blocks."""
    out: list[str] = []
    section = ""
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if found := _SECTION.match(lines[0].strip()):
            section = found[1]
            out.append(f"{section}:\n" if section != "Args" else "Arguments:\n")
            lines = lines[1:]
            if section in ("Returns", "Yields"):
                out.append(" ".join(line.strip() for line in lines) + "\n")
            else:
                out.append(_list(lines))
        elif lines[0].startswith("- "):
            out.append(_bullets(lines))
        elif all(line.startswith("    ") or not line for line in lines) and lines[0]:
            out.append("```python\n" + inspect.cleandoc("\n" + paragraph) + "\n```\n")
        elif _is_code(lines):
            out.append("```python\n" + paragraph.rstrip() + "\n```\n")
        else:
            out.append(" ".join(line.strip() for line in lines) + "\n")
    return "\n".join(each for each in out if each.strip()).replace("\n```\n\n```python\n", "\n\n")


def _bullets(lines: list[str]) -> str:
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line)
        else:
            items[-1] += f" {line.strip()}"
    return "\n".join(items) + "\n"


def _list(lines: list[str]) -> str:
    items: list[str] = []
    depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    for line in lines:
        inner = line[depth:]
        if (found := _ITEM.match(inner)) and not inner.startswith(" "):
            items.append(f"- `{found[1]}`: {found[2]}")
        elif items:
            items[-1] += f" {line.strip()}"
        elif line.strip():
            items.append(f"- {line.strip()}")
    return "\n".join(items) + "\n"


def _is_code(lines: list[str]) -> bool:
    first = lines[0]
    return bool(re.match(r"(from \w|import \w|@\w|\w+(\.\w+)* = |\w+(\.\w+)*\(.*\)\s*(#.*)?$|with \w)", first))


def _documentation_of(name: str, module: ModuleType) -> str:
    """The text under a constant, where it is defined."""
    for source in (module, *(importlib.import_module(each) for each in _imported_from(module))):
        try:
            text = inspect.getsource(source)
        except (OSError, TypeError):
            continue
        found = re.search(rf'^{name}\b[^\n]*= (?:(?!\n\n|\n\w).)*?^"""(.*?)"""', text, re.MULTILINE | re.DOTALL)
        if found is not None and len(found[0]) < 2_000:
            return " ".join(found[1].split())
    return ""


def _imported_from(module: ModuleType) -> list[str]:
    return re.findall(r"^from (admit[\w.]+) import", inspect.getsource(module), re.MULTILINE)
