"""Port of refusals: kept for those we know, sampled and counted for strangers."""

from typing import Protocol

from ..domain.denial import Denial


class Denials(Protocol):
    """Refusals."""

    async def spend(self, holder: str, *, minute: int, most: int) -> bool:
        """Take one of the rows that a holder has in a minute. Of any number racing, exactly `most` get True."""
        ...

    async def add(self, denial: Denial) -> bool:
        """Keep a refusal; False when its id is taken."""
        ...

    async def add_sample(self, denial: Denial) -> None:
        """Keep a stranger's refusal, apart from the others; nothing happens when its id is taken."""
        ...

    async def get(self, denial_id: str) -> Denial | None:
        """A refusal, kept or sampled."""
        ...

    async def newest(self, *, client_id: str | None, limit: int, after: tuple[int, str] | None = None) -> list[Denial]:
        """The newest first, samples among them; of one client, or of all. `after`: begin after that time and id."""
        ...

    async def count(self, *, code: str, network: str, minute: int, amount: int = 1) -> None:
        """Count refusals that are not kept."""
        ...

    async def sweep(self, *, now: int, limit: int) -> int:
        """Delete old samples, and the budgets of minutes gone by; how many went."""
        ...
