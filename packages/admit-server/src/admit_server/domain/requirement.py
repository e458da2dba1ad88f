"""What a sign-in has to prove, as an administrator writes it: `password and (passkey or totp)`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from .errors import NotAllowed

LONGEST = 500
_DEEPEST = 20
_EXAMPLE = "Write it as 'password and (passkey or totp)'."
_TOKEN = re.compile(r"\s*(?:(?P<name>[a-z][a-z0-9_]{0,31})|(?P<mark>[()]))")


@dataclass(frozen=True, slots=True)
class Needs:
    """A proof by this authenticator."""

    name: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these; none: nothing is required."""

    parts: tuple["Requirement", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these."""

    parts: tuple["Requirement", ...]


Requirement = Needs | AllOf | AnyOf


def is_met(requirement: Requirement, proven: Callable[[str], bool]) -> bool:
    """Whether these proofs are enough. `proven`: whether an authenticator's proof was given."""
    match requirement:
        case Needs(name):
            return proven(name)
        case AllOf(parts):
            return all(is_met(part, proven) for part in parts)
        case AnyOf(parts):
            return any(is_met(part, proven) for part in parts)


def names_of(requirement: Requirement) -> tuple[str, ...]:
    """The authenticators that are named, each once, in the order of the text."""
    if isinstance(requirement, Needs):
        return (requirement.name,)
    return tuple(dict.fromkeys(name for part in requirement.parts for name in names_of(part)))


def together(requirements: list[Requirement]) -> Requirement:
    """All of these at once."""
    return requirements[0] if len(requirements) == 1 else AllOf(tuple(requirements))


def in_words(requirement: Requirement) -> str:
    """As `parse_requirement` reads it."""
    match requirement:
        case Needs(name):
            return name
        case AllOf(parts):
            return " and ".join(_bracketed(part) if isinstance(part, AnyOf) else in_words(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(in_words(part) for part in parts)


def _bracketed(requirement: Requirement) -> str:
    return f"({in_words(requirement)})"


def not_loaded(name: str, loaded: Iterable[str]) -> str:
    """Why an authenticator can't be asked for, with what to do about it."""
    if name == "passkey":
        return (
            "'passkey' can't be used here: it has to be in sign_in.authenticators, and server.issuer has to have a host name, for "
            "browsers know no passkeys of an IP address (on your own machine: http://localhost and the port)."
        )
    return f"{name!r} is not loaded here ({', '.join(loaded)} are); name it in sign_in.authenticators first."


@lru_cache(maxsize=256)
def parse_requirement(text: str) -> Requirement:
    """Read a requirement: names of authenticators, `and`, `or` (which binds less), and brackets.

    Raises:
        NotAllowed: It is empty, too long or deep, or not written as it has to be; the text says where.
    """
    if len(text) > LONGEST:
        raise NotAllowed(f"A requirement has at most {LONGEST} characters, this one has {len(text)}.")
    if not text.strip():
        raise NotAllowed(f"A requirement names at least one authenticator. {_EXAMPLE}")
    reader = _Reader(text, _words(text))
    requirement = reader.alternatives(0)
    if reader.left:
        raise NotAllowed(f"{text!r}: {reader.left[0]!r} is not expected there; join the parts with 'and' or 'or'.")
    return requirement


def _words(text: str) -> list[str]:
    words, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotAllowed(f"{text!r}: {text[at:].strip()[:20]!r} is no name of an authenticator. {_EXAMPLE}")
        words.append(found["name"] or found["mark"])
        at = found.end()
    return words


class _Reader:
    """Reads the words from left to right."""

    def __init__(self, text: str, words: list[str]) -> None:
        self._text, self.left = text, words

    def alternatives(self, depth: int) -> Requirement:
        parts = [self._conjunction(depth)]
        while self.left and self.left[0] == "or":
            self.left.pop(0)
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _conjunction(self, depth: int) -> Requirement:
        parts = [self._single(depth)]
        while self.left and self.left[0] == "and":
            self.left.pop(0)
            parts.append(self._single(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _single(self, depth: int) -> Requirement:
        word = self.left.pop(0) if self.left else None
        if word == "(" and depth < _DEEPEST:
            inner = self.alternatives(depth + 1)
            if not self.left or self.left.pop(0) != ")":
                raise NotAllowed(f"{self._text!r}: a bracket is not closed. {_EXAMPLE}")
            return inner
        if word is None or word in ("and", "or", "(", ")"):
            where = "at its end" if word is None else f"where {word!r} stands"
            raise NotAllowed(f"{self._text!r}: the name of an authenticator is missing {where}. {_EXAMPLE}")
        return Needs(word)
