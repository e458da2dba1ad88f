"""The trail of a request: what was checked on its way, top to bottom, and whom it concerns.

Flows write it as they check; it is read only when the request is refused, so values are kept as they are and written out then.
No secret is ever handed to it. What looks like a token of ours, or like a JWT, is struck out all the same.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .denial import OF_A_CLIENT, OF_A_USER, Check

if TYPE_CHECKING:
    from .grant import Grant
    from .session import Session

LONGEST = 200
MOST = 40
_SECRET = re.compile(r"adm_[a-z]{2,3}_[0-9A-Za-z]{6,}|eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}")

Value = str | int | bool | Iterable[str] | None


def shown(value: Value) -> str:
    """A value as the administrator reads it: printable, at most 200 characters, without anything that opens a door."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else str(value) if isinstance(value, int) else " ".join(sorted(value))
    text = _SECRET.sub("(a token)", text[: 4 * LONGEST])
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def without_secrets(path: str) -> str:
    """A path as it may be kept: printable, at most 512 characters, without anything that opens a door."""
    kept = _SECRET.sub("(a token)", path)[:512]
    return kept if kept.isprintable() else "".join(char if char.isprintable() else "?" for char in kept)


class Trail:
    """What was checked so far. One for each request; pure.

    Attributes:
        client_id: Whom the request names, or to whom its token belongs. `proved`: it showed its secret.
        quiet: The refusal is kept later, beside the request: known and unknown have to take the same time.
    """

    __slots__ = (
        "_steps", "client_id", "grant_id", "proved", "quiet", "resource", "session_id", "token_id", "user_id",
    )  # fmt: skip

    def __init__(self) -> None:
        self._steps: list[tuple[str, Value, Value, bool]] = []
        self.client_id: str | None = None
        self.proved = False
        self.user_id: str | None = None
        self.grant_id: str | None = None
        self.token_id: str | None = None
        self.session_id: str | None = None
        self.resource: str | None = None
        self.quiet = False

    def passed(self, name: str, expected: Value = None, found: Value = None) -> None:
        """A check that the request passed."""
        self._steps.append((name, expected, found, True))

    def failed(self, name: str, expected: Value, found: Value) -> None:
        """The check that refuses the request."""
        self._steps.append((name, expected, found, False))

    def about_grant(self, grant: "Grant") -> None:
        """The request came with something of this grant: it is tied to its people and to its application."""
        if not self.proved:
            self.client_id = grant.client_id
        self.grant_id, self.user_id, self.session_id = grant.id, grant.user_id, grant.session_id
        self.resource = grant.audience

    def about_session(self, session: "Session | None") -> None:
        """The request came from a browser in which somebody is signed in."""
        if session is not None:
            self.user_id, self.session_id = session.user_id, session.id

    def mark(self) -> int:
        """Where the trail is now, for `back_to`."""
        return len(self._steps)

    def back_to(self, mark: int) -> None:
        """Forget what came after: a unit of work begins again."""
        del self._steps[mark:]

    @property
    def holder(self) -> tuple[str, int] | None:
        """Who this refusal is kept under, and how many a minute; None for strangers.

        A client's bare id is known to everybody, so only a proof or a token of ours ties a refusal to a client.
        """
        if self.client_id is not None and (self.proved or self.grant_id is not None):
            return self.client_id, OF_A_CLIENT
        if self.user_id is not None:
            return self.user_id, OF_A_USER
        return None

    def checks(self, *, code: str, rule: str, found: str) -> tuple[Check, ...]:
        """Everything written out.

        Args:
            code: Of the refusal.
            rule: In words, for a refusal whose check nobody wrote down.
            found: What broke it.
        """
        steps = self._steps[-MOST:]
        if not any(not passed for *_, passed in steps):
            steps = [*steps[-MOST + 1 :], (code, rule, found, False)]
        return tuple(Check(name, shown(expected), shown(found), passed) for name, expected, found, passed in steps)
