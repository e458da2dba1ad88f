"""Which requirement stands before which path: for applications whose own routes are not ours to mark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from admit.attempts import RequestView
from admit.errors import InvalidRequest
from admit.limits import InvalidLimit
from admit.limits.entries import TRICKY, path_pattern
from admit.requirement import GOOD_TOKEN, Requirement

_ENTRY = re.compile(r"(?:(?P<method>\*|[A-Z]{1,20}) )?(?P<path>/.*)\Z", re.DOTALL)
_CATCH_ALL = ("/**", "* /**")
_REMEMBERED, _LONGEST_REMEMBERED = 1024, 256
Matches = Callable[[str, str], bool]


class PathRules:
    """Requirements by method and path. The first one that matches counts; the last one has to match everything."""

    def __init__(self, *, public: Iterable[str] = (), rules: Mapping[str, str | Requirement] | None = None) -> None:
        """
        Args:
            public: Entries that need no token, such as "/health" or "GET /static/**". Compared first.
            rules: Entries, in the order in which they are compared, and what they ask: a scope, or `require(...)`.
                The last entry is "/**". None: everything asks for a good token.

        An entry is a path, or a method, a space and a path; "*" stands for a part of one segment, "**" for any number of segments.
        GET is HEAD as well, and how a WebSocket begins.

        Raises:
            ValueError: An entry is not written so, or nothing is said about the rest.
        """
        if isinstance(public, str):
            raise ValueError(f'public is a list of paths; write public=["{public}"]')
        if rules is not None and not isinstance(rules, Mapping):
            raise ValueError(
                f'rules is a mapping of entries to what they ask for: {{"/**": "items:read"}}; got {rules!r}'
            )
        self._public = [_entry(each) for each in public]
        self._rules = [(_entry(each), _requirement(wanted)) for each, wanted in (rules or {"/**": GOOD_TOKEN}).items()]
        if rules and list(rules)[-1] not in _CATCH_ALL:
            raise ValueError(
                'rules say nothing about all other paths: end them with "/**": require(), or with a scope that nobody has'
            )
        self._same_everywhere = not self._public and not rules
        # Callers choose paths, so only so many are remembered, and no long ones.
        self._found = lru_cache(maxsize=_REMEMBERED)(self._find)

    def requirement(self, request: RequestView, path: str) -> Requirement | None:
        """Return what a request needs; None where it is public.

        Args:
            request: What was sent.
            path: Its path below the place where the application is mounted.

        Raises:
            InvalidRequest: The path can be read in more than one way, so that another program on the way may read another one.
        """
        if self._same_everywhere:
            return GOOD_TOKEN
        method = request.method
        find = self._found if len(method) + len(path) <= _LONGEST_REMEMBERED else self._find
        return find(method, path)

    def _find(self, method: str, path: str) -> Requirement | None:
        if TRICKY.search(path):
            raise InvalidRequest("the path has empty or dot segments, or characters that are read in more than one way")
        method = "GET" if method == "HEAD" else method
        for matches in self._public:
            if matches(method, path):
                return None
        # Many routers take a path with and without a slash at its end for the same one.
        other = path[:-1] if path.endswith("/") else f"{path}/"
        for matches, wanted in self._rules:
            if matches(method, path) or matches(method, other):
                return wanted
        raise InvalidRequest("no rule is about this path")


def _entry(text: str) -> Matches:
    match = _ENTRY.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{text!r} is no entry: write "/health", "GET /items/*" or "/admin/**"')
    method = match["method"] or "*"
    try:
        fits = path_pattern(match["path"], text)
    except InvalidLimit as error:
        raise ValueError(str(error)) from None
    wanted = "GET" if method == "HEAD" else method
    return lambda sent, path: wanted in ("*", sent) and bool(fits(path))


def _requirement(wanted: str | Requirement) -> Requirement:
    if isinstance(wanted, Requirement):
        return wanted
    if isinstance(wanted, str) and wanted:
        return Requirement(tuple(wanted.split()))
    raise ValueError(f"{wanted!r} is no requirement: write a scope, or require(...)")
