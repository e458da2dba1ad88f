"""The port of sign-in rules."""

from typing import Protocol

from ..domain.sign_in_rule import SignInRule


class SignInRules(Protocol):
    """Which sign-ins have to prove more."""

    async def all(self) -> list[SignInRule]:
        """In the order of their names."""
        ...

    async def put(self, rule: SignInRule) -> None:
        """Add it, or replace the one of that name (which keeps its time of making)."""
        ...

    async def remove(self, name: str) -> bool: ...
