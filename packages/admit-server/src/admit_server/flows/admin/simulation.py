"""The question of a simulation, and its answer."""

from collections import Counter
from dataclasses import dataclass, field

from ...domain.decision import Decision
from ...domain.token_policy import TokenPolicy

Outcome = str
# Sign-ins and repeats of spent refresh tokens are not recorded, and another format refuses nobody by itself.
_UNTOLD = ("max_sessions", "deny_new_session", "refresh_reuse_window_s", "format")
REFUSED, ALLOWED, OTHERWISE, UNKNOWN = "newly_refused", "newly_allowed", "refused_otherwise", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to simulate.

    Attributes:
        name: Of the policy.
        limits: What it would be. None: what it is; then nothing may change.
        days: How far back.
        user: Only decisions about tokens of that person (id or name).
        client: Only those of that client (id or name).
        resource: Only those for that resource.
        examples: How many changes to show.
    """

    name: str
    limits: TokenPolicy | None = None
    days: int = 7
    user: str | None = None
    client: str | None = None
    resource: str | None = None
    examples: int = 20


@dataclass(frozen=True, slots=True)
class Change:
    """One decision that would be another. `before`, `after`: '' is allowed, else a code; `why`: what the records don't tell."""

    outcome: Outcome
    decision: Decision
    before: str
    after: str
    why: str
    client_id: str | None
    user_id: str | None
    resource: str | None


@dataclass(slots=True)
class Group:
    """Changes of one kind for one application, person and resource, with the first of them. Names are filled in at the end."""

    first: Change
    amount: int = 0
    client: str | None = None
    user: str | None = None


@dataclass(slots=True)
class Simulation:
    """What would be.

    Attributes:
        name: Of the policy.
        current: Its limits as they are.
        candidate: As they would be.
        since: The time asked for; `recorded_since` is later where the records begin later. Seconds, UTC.
        kinds: How many decisions were looked at, by kind.
        dropped: So many were made, but not recorded.
        concerned: Those in which the policy had a part.
        outcomes: How many of these would be decided otherwise, or can't be told.
        unknown: The latter by reason (`flows.replay.REASONS`).
        groups: The largest first.
        examples: The first ones.
        names: Of the people and applications in groups and examples, by their ids; some may be gone.
        people: With changes: how many; `applications`: the same.
    """

    name: str
    current: TokenPolicy
    candidate: TokenPolicy
    since: int
    until: int
    recorded_since: int | None = None
    kinds: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    concerned: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    groups: list[Group] = field(default_factory=list)
    examples: list[Change] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    people: int = 0
    applications: int = 0

    @property
    def untold(self) -> tuple[str, ...]:
        """Limits that would change, and of whose effect the records tell little or nothing."""
        return tuple(name for name in _UNTOLD if getattr(self.current, name) != getattr(self.candidate, name))

    @property
    def total(self) -> int:
        """Decisions that were looked at."""
        return self.kinds.total()

    @property
    def changes(self) -> int:
        """Those that would be decided otherwise."""
        return sum(amount for outcome, amount in self.outcomes.items() if outcome != UNKNOWN)
