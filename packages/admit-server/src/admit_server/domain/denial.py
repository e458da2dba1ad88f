"""Denials: one refusal each, with the checks that led to it. The caller sees code and id, nothing more."""

from dataclasses import dataclass
from typing import Literal

# How many of one kind are kept in a minute; the rest is only counted, so that nobody can fill the table.
OF_A_CLIENT, OF_A_USER, OF_A_REPORTER = 60, 10, 300


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a refused request: what was expected and what was found. Never a secret."""

    name: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A refusal and what is known of whom it concerns. `at` is seconds, UTC.

    Attributes:
        checks: Top to bottom, as they were made; those after the one that failed were never made.
        token_id: The `jti` of the token; never its text.
        resource: The audience for which something was asked, where that is known.
        reported_by: The client of the resource whose library refused; None where this server did.
    """

    id: str
    at: int
    code: str
    endpoint: str
    client_id: str | None
    user_id: str | None
    network: str
    checks: tuple[Check, ...]
    grant_id: str | None = None
    token_id: str | None = None
    session_id: str | None = None
    resource: str | None = None
    reported_by: str | None = None

    @property
    def source(self) -> Literal["server", "library"]:
        """Who refused."""
        return "server" if self.reported_by is None else "library"
