"""Links between the documents, and in their headings, lead somewhere."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|(?:src|href|srcset)=\"([^\"]+)\"")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def problems(name: str, text: str, *, read: Callable[[str], str | None], exists: Callable[[str], bool]) -> list[str]:
    """Relative links of a document that lead nowhere.

    Args:
        name: The document, from the root.
        text: What stands in it.
        read: The text of a file, None where there is none.
        exists: Whether a file or folder is there.
    """
    found = []
    for match in _LINK.finditer(_without_code(text)):
        target = match[1] or match[2]
        if _SCHEME.match(target):
            continue
        path, _, anchor = target.partition("#")
        place = _resolve(PurePosixPath(name).parent, path) if path else name
        if place is None or not exists(place):
            found.append(f"{name}: the link to {target} leads nowhere")
        elif anchor and place.endswith(".md") and anchor not in anchors(read(place) or ""):
            found.append(f"{name}: {target} names a heading that is not there")
    return found


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        found.add(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
    return found


def _without_code(text: str) -> str:
    return _CODE.sub("", _FENCE.sub("", text))


def _resolve(folder: PurePosixPath, path: str) -> str | None:
    parts = list(folder.parts)
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."
