"""Pages carry no code of their own: the Content-Security-Policy forbids it, and nothing is ever written past the escaping.

The one script that there is (decision 0036) is a file of ours, named by one line in one template; what it may not do is checked here too.
"""

import re

_FORBIDDEN = {
    "a script": re.compile(r"<script\b|javascript:", re.IGNORECASE),
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "text past the escaping": re.compile(r"\|\s*safe\b|autoescape\s+false|\bMarkup\("),
    "something from elsewhere": re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE),
}

# The page says which file, from the list of static files; only this very line may stand, and only there.
_OUR_SCRIPT = ("base.html", '<script src="{{ script_url }}" defer></script>')
_NOT_IN_A_SCRIPT = {
    "text that becomes markup": re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|DOMParser"),
    "text that becomes code": re.compile(
        r"\beval\s*\(|\bFunction\s*\(|\bimport\s*[({\"'*]|createElement|setTimeout\s*\(\s*[\"'`]"
    ),
    "something that is sent": re.compile(r"\bfetch\s*\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource|postMessage"),
    "something that is kept": re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|\bcaches\b"),
    "something that is read": re.compile(r"password|username|\.cookie|clipboard", re.IGNORECASE),
    "something from elsewhere": re.compile(r"https?://"),
}


def script_problems(name: str, text: str) -> list[str]:
    """The lines of a page's script that must not be there."""
    return [
        f"{name}:{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in _NOT_IN_A_SCRIPT.items()
        if pattern.search(line.split("//", 1)[0] if "://" not in line else line)
    ]


def problems(name: str, text: str) -> list[str]:
    """The lines of a template that must not be there."""
    return [
        f"{name}:{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in _FORBIDDEN.items()
        if pattern.search(line) and not (name.endswith(f"/{_OUR_SCRIPT[0]}") and line == _OUR_SCRIPT[1])
    ]
