"""The port of browsers and apps with which people signed in before."""

from typing import Protocol


class KnownDevices(Protocol):
    """By person, and a keyed digest of what tells the browser or app."""

    async def is_known(self, user_id: str, digest: bytes) -> bool: ...

    async def has_other(self, user_id: str, digest: bytes) -> bool:
        """Whether this person is known to have signed in with anything but this."""
        ...

    async def of_user(self, user_id: str, *, limit: int) -> list[tuple[int, int]]:
        """When each was first and last seen, the newest first."""
        ...

    async def see(self, user_id: str, digest: bytes, *, now: int) -> bool:
        """Note that the person signed in with it; True the first time. Of any number racing exactly one gets True."""
        ...

    async def forget(self, user_id: str, *, but: bytes | None = None) -> int:
        """All of a person, or all but one; how many."""
        ...

    async def forget_all(self) -> int:
        """All of everybody; how many."""
        ...
