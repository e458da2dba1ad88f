"""Pages carry no code of their own: the Content-Security-Policy forbids it, and nothing is ever written past the escaping."""

import re

_FORBIDDEN = {
    "a script": re.compile(r"<script\b|javascript:", re.IGNORECASE),
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "text past the escaping": re.compile(r"\|\s*safe\b|autoescape\s+false|\bMarkup\("),
    "something from elsewhere": re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE),
}


def problems(name: str, text: str) -> list[str]:
    """The lines of a template that must not be there."""
    return [
        f"{name}:{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in _FORBIDDEN.items()
        if pattern.search(line)
    ]
