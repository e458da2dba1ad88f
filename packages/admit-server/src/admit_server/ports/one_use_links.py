"""The port of links that work once."""

from typing import Protocol

from ..domain.one_use_link import OneUseLink, Purpose


class OneUseLinks(Protocol):
    """Links, by the hash of their secret."""

    async def add(self, link: OneUseLink) -> None: ...

    async def get(self, digest: bytes) -> OneUseLink | None:
        """Look, without spending it."""
        ...

    async def spend(self, digest: bytes, *, purpose: Purpose, now: int) -> OneUseLink | None:
        """Use it up. Of any number of callers exactly one gets it; None: used, too early, too late, another purpose, or unknown."""
        ...

    async def forget(self, user_id: str, *, purpose: Purpose) -> int:
        """Remove a person's unused links of one purpose; how many."""
        ...

    async def forget_mailed(self, user_id: str, *, purpose: Purpose) -> int:
        """As `forget`, but those alone that were mailed; what an administrator handed over stays. How many."""
        ...
