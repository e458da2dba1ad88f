"""Decisions that wait to be written."""

from dataclasses import dataclass, field

from ..domain.decision import Decision


@dataclass(slots=True)
class DecisionLog:
    """Decisions of about a second, bounded. What comes beyond the bound is counted, so that nobody takes a sample for everything.

    Attributes:
        on: Decisions are recorded at all.
        most: Kept between two writings at most.
        dropped: Not kept since the last writing.
        takings: How often it was taken.
        process: Tells this process from others; drawn with the first writing.
    """

    on: bool = True
    most: int = 200
    dropped: int = 0
    takings: int = 0
    process: str = ""
    _waiting: list[Decision] = field(default_factory=list)

    def add(self, decision: Decision) -> None:
        """Note a decision."""
        # Requests at a public rule come from anybody: they may not crowd out what is known of tokens.
        room = self.most if decision.grant_id is not None else self.most // 10
        if len(self._waiting) < room:
            self._waiting.append(decision)
        else:
            self.dropped += 1

    def take_over(self, other: "DecisionLog") -> None:
        """Note what another one holds."""
        taken, dropped = other.take()
        for decision in taken:
            self.add(decision)
        self.dropped += dropped

    def take(self) -> tuple[tuple[Decision, ...], int]:
        """What waits, and how many were dropped; and begin anew."""
        taken = tuple(self._waiting), self.dropped
        self._waiting, self.dropped = [], 0
        self.takings += 1
        return taken
