"""What the library is to reach, each as a ratio or a limit within one run, and whether it does."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

Rows = Mapping[str, Mapping[str, list[float]]]
_MIB, _US, _MS = 1024 * 1024, 1_000.0, 0.001


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal.

    Attributes:
        row: Of `race.Results.rows`.
        who: The contestant that has it.
        kind: "times as fast as", "of the bare check" (or sign), "on top of" (in microseconds), or "at most" (in `unit`).
        against: The other contestant; None for a plain limit.
        value: What to reach.
        unit: Name and size of a plain limit's unit, in the row's own unit.
    """

    row: str
    who: str
    kind: str
    value: float
    against: str | None = None
    unit: tuple[str, float] = ("µs", _US)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A goal and what was measured: medians over rounds, None where one of the two did not race."""

    goal: Goal
    found: float | None

    @property
    def reached(self) -> bool | None:
        """None: not measured."""
        if self.found is None:
            return None
        more = self.goal.kind in ("times as fast as", "of the bare")
        return self.found >= self.goal.value if more else self.found <= self.goal.value


def _goals() -> tuple[Goal, ...]:
    bare, fast, old, new = "admit", "admit[fast]", "PyJWT 2.13", "PyJWT 2.15"
    found = [
        Goal("first HS256", fast, "times as fast as", 10, new),
        Goal("first HS256", fast, "times as fast as", 4, old),
        Goal("first HS256", fast, "times as fast as", 1, "oxyjwt"),
        Goal("first HS256", bare, "times as fast as", 6, new),
    ]
    for who in (fast, bare):
        found.append(Goal("first RS256", who, "times as fast as", 3, new))
        for alg, share in (("RS256", 0.80), ("ES256", 0.85), ("PS256", 0.77), ("Ed25519", 0.93)):
            found.append(Goal(f"first {alg}", who, "of the bare", share, primitive(alg, who)))
        for alg in ("HS256", "RS256", "ES256", "PS256", "Ed25519"):
            limit = (4 if alg == "HS256" else 8) if who == fast else (8 if alg == "HS256" else 12)
            found.append(Goal(f"first {alg}", who, "on top of", limit, primitive(alg, who)))
    for who in (fast, bare):
        found.append(Goal("again HS256", who, "times as fast as", 40, new))
        found.append(Goal("again HS256", who, "times as fast as", 3.5, "oxyjwt"))
        found.append(Goal("again HS256", who, "at most", 2.5))
        found.append(Goal("memory", who, "at most", 64, unit=("MiB", _MIB)))
        found.append(Goal("issue HS256", who, "times as fast as", 5, new))
        found.append(Goal("issue ES256", who, "times as fast as", 1.5, new))
        found.append(Goal("issue RS256", who, "of the bare", 0.92, "cryptography"))
        found.append(Goal("import", who, "at most", 60, unit=("ms", _MS)))
    return tuple(found)


def primitive(alg: str, who: str) -> str:
    """Whose bare signature check stands below; with admit[fast], Ed25519 is libsodium's."""
    return "libsodium" if (alg, who) == ("Ed25519", "admit[fast]") else "cryptography"


GOALS = _goals()


def outcome(goal: Goal, rows: Rows) -> Outcome:
    """Compare round by round, and take the median. What is compared with the bare primitive was compared turn by turn in one process."""
    if goal.kind in ("on top of", "of the bare"):
        kind, unit = ("on top", _US) if goal.kind == "on top of" else ("share", 1.0)
        figures = rows.get(f"{kind} {goal.row}", {}).get(goal.who)
        return Outcome(goal, statistics.median(figures) / unit if figures else None)
    ours = rows.get(goal.row, {}).get(goal.who)
    if not ours or (goal.row == "memory" and not _remembers(goal.who, rows)):
        return Outcome(goal, None)
    if goal.against is None:
        return Outcome(goal, statistics.median(ours) / goal.unit[1])
    return Outcome(goal, ratio(rows, goal.row, goal.who, goal.against))


def ratio(rows: Rows, row: str, who: str, against: str) -> float | None:
    """How many times as fast `who` is, median over rounds."""
    ours, theirs = rows.get(row, {}).get(who), rows.get(row, {}).get(against)
    if not ours or not theirs:
        return None
    return statistics.median(other / mine for mine, other in zip(ours, theirs, strict=True))


def _remembers(who: str, rows: Rows) -> bool:
    # Whoever keeps no verified tokens needs no memory for them: no merit.
    again, first = (rows.get(f"{kind} HS256", {}).get(who) for kind in ("again", "first"))
    return bool(again and first) and statistics.median(again) < statistics.median(first) / 2
