"""Rules of `/check`: which requests need a token for which resource, with which scopes. Data, and the order in which they count."""

import re
from dataclasses import dataclass

from .check_request import key_of
from .errors import NotAllowed

MOST_RULES = 200
_HOST = re.compile(r"(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)\Z")
_METHOD = re.compile(r"[A-Z]{1,20}\Z")
# Of a policy, what a rule can ask of a request and of the sign-in behind its token. All else is decided when a token is issued.
LIMITS_OF_A_RULE = frozenset({"networks", "hours", "acr", "max_auth_age_s"})
LIMITS_OF_A_PUBLIC_RULE = frozenset({"networks", "hours"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRule:
    """One rule. Times are seconds, UTC.

    Attributes:
        id: `rul_...`.
        host: "api.example.com", "*.example.com" (any name below it), or "*".
        path: As in the actions of a policy: `*` is one segment, `**` any number of them; "/x/**" is "/x" too.
        methods: Those it is for; empty: all that no other rule of the same host and path names.
        audience: The resource that the token has to be for; None: public, no token is looked at.
        scopes: All of them are needed.
        policy: What is asked beyond that: networks, hours, and how strong and fresh the sign-in was.
        action: What the request is called, for tokens that are limited to named actions.
        redeem: A use of a counted token is counted here.
    """

    id: str
    host: str
    path: str
    methods: frozenset[str] = frozenset()
    audience: str | None
    scopes: frozenset[str] = frozenset()
    policy: str | None = None
    action: str | None = None
    redeem: bool = False
    created_at: int
    updated_at: int

    @property
    def public(self) -> bool:
        """Whether no token is needed."""
        return self.audience is None

    @property
    def place(self) -> tuple[str, str]:
        """Host and path as they are compared: rules of the same place are told apart by their methods."""
        return self.host, key_of(self.path)

    def matches_host(self, host: str) -> bool:
        """Whether the rule is for that host (lower case, without a port)."""
        return self.host in ("*", host) or (self.host.startswith("*.") and host.endswith(self.host[1:]))


def check_rule(rule: CheckRule) -> CheckRule:
    """Raises:
    NotAllowed: A host or method that can't be one, or parts that a public rule does not have.
    """
    if not _HOST.match(rule.host) or ".." in rule.host:
        raise NotAllowed(
            f'The host {rule.host!r} can\'t be one: write "api.example.com", "*.example.com" or "*", without a port.'
        )
    if wrong := sorted(method for method in rule.methods if not _METHOD.match(method)):
        raise NotAllowed(f"{wrong[0]!r} is no method: write it in capital letters, as GET or POST.")
    if rule.public and (rule.scopes or rule.redeem or rule.action):
        raise NotAllowed("A public rule looks at no token, so it has no scopes, no action, and redeems nothing.")
    return rule


def specificity(place: tuple[str, str]) -> tuple[object, ...]:
    """The sort key of a place: the most specific comes first. Host before path; a path segment by segment.

    A name before a name with a `*`, before `*`, before the end of the path, before `**`. What is alike so far is ordered by its text, so
    the order is total.
    """
    host, path = place
    host_rank = (2, 0) if host == "*" else (1, -len(host)) if host.startswith("*.") else (0, 0)
    segments = tuple((_rank(segment), -len(segment), segment) for segment in path.strip("/").split("/"))
    return (host_rank, host, (*segments, (3, 0, "")))


def _rank(segment: str) -> int:
    if segment == "**":
        return 4
    if segment == "*":
        return 2
    return 1 if "*" in segment else 0
