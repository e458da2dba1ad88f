"""The port of people's e-mail addresses."""

from typing import Protocol

from ..domain.user import User


class Addresses(Protocol):
    """Addresses beside the main one of `User.email`, and which of all are verified. Keys: `domain.email_address.address_key`."""

    async def of_user(self, user_id: str) -> list[tuple[str, str, int | None, int]]:
        """Key, address, when it was verified, when it was added; the oldest first."""
        ...

    async def owner(self, address_key: str) -> User | None:
        """Who has verified this address."""
        ...

    async def add(self, user_id: str, *, address: str, address_key: str, now: int) -> bool:
        """Note an address that is yet to be verified; False when this person has it already."""
        ...

    async def verify(self, user_id: str, *, address: str, address_key: str, now: int) -> bool:
        """Note that this person reads what comes there. Of any number of people exactly one gets it; False: another one has it."""
        ...

    async def remove(self, user_id: str, *, address_key: str) -> bool: ...
