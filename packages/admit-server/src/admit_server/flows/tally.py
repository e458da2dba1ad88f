"""Refusals of strangers: counted in memory, with a few samples, so that a stranger's bad request writes nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..domain.denial import Denial

# Of one code and network in a minute, and of all together: what a server process keeps of strangers at most.
SAMPLES_OF_A_KIND, SAMPLES_OF_A_MINUTE = 3, 60
MOST_WAITING = 1_000
_MOST_KINDS = 10_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A refusal that is kept within the bounds of its holder, but not in the time of its request."""

    denial: Denial
    holder: str
    most: int


@dataclass(slots=True)
class Tally:
    """What waits to be written: counts, samples, and refusals whose request must not take longer for being kept."""

    _counts: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _samples: list[Denial] = field(default_factory=list)
    _waiting: list[Waiting] = field(default_factory=list)
    _sampled: Counter[tuple[str, str]] = field(default_factory=Counter)
    _full: set[str] = field(default_factory=set)
    _minute: int = 0

    def count(self, code: str, network: str, *, minute: int, amount: int = 1) -> None:
        """Count one, or several. Beyond 10,000 different ones between two writings, networks are no longer told apart."""
        key = (code, network, minute)
        self._counts[key if key in self._counts or len(self._counts) < _MOST_KINDS else (code, "", minute)] += amount

    def sample(self, denial: Denial) -> bool:
        """Count a stranger's refusal, and keep it if it is among the first of its kind. Whether it was kept.

        That depends on the code, the network and the minute alone: it says nothing about what the request was about.
        """
        self._begin_minute(denial.at // 60)
        self.count(denial.code, denial.network, minute=denial.at // 60)
        kind = (denial.code, denial.network)
        if self._sampled.total() >= SAMPLES_OF_A_MINUTE or self._sampled[kind] >= SAMPLES_OF_A_KIND:
            return False
        self._sampled[kind] += 1
        self._samples.append(denial)
        return True

    def later(self, waiting: Waiting) -> None:
        """Keep a refusal with the next writing; beyond 1,000 that wait it is only counted."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(waiting)
        else:
            self.count(waiting.denial.code, waiting.denial.network, minute=waiting.denial.at // 60)

    def is_full(self, holder: str, *, minute: int) -> bool:
        """Whether the database said in this minute that the holder has no rows left: then it needs not be asked again."""
        self._begin_minute(minute)
        return holder in self._full

    def fill(self, holder: str, *, minute: int) -> None:
        """Remember that a holder has no rows left in this minute."""
        self._begin_minute(minute)
        self._full.add(holder)

    def take(self) -> dict[tuple[str, str, int], int]:
        """What was counted, and begin anew."""
        taken, self._counts = self._counts, Counter()
        return dict(taken)

    def take_denials(self) -> tuple[list[Denial], list[Waiting]]:
        """The samples and those that wait, and begin anew."""
        taken = self._samples, self._waiting
        self._samples, self._waiting = [], []
        return taken

    def put_back(
        self,
        counted: Mapping[tuple[str, str, int], int],
        samples: Iterable[Denial] = (),
        waiting: Iterable[Waiting] = (),
    ) -> None:
        """Take up again what could not be written, within the same bounds."""
        for (code, network, minute), amount in counted.items():
            self.count(code, network, minute=minute, amount=amount)
        self._samples = [*samples, *self._samples][:MOST_WAITING]
        self._waiting = [*waiting, *self._waiting][:MOST_WAITING]

    def _begin_minute(self, minute: int) -> None:
        if minute != self._minute:
            self._minute = minute
            self._sampled.clear()
            self._full.clear()
