"""Denials: one refusal each, with the checks that led to it. The caller sees code and id, nothing more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a refused request: what was expected and what was found. Never a secret."""

    name: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A refusal tied to a known client or user. `at` is seconds, UTC."""

    id: str
    at: int
    code: str
    endpoint: str
    client_id: str | None
    user_id: str | None
    network: str
    checks: tuple[Check, ...]
