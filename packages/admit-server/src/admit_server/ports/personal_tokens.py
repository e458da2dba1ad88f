"""The port of personal tokens."""

from typing import Protocol

from ..domain.personal_token import PersonalToken


class PersonalTokens(Protocol):
    """What is kept of them beside grant and digest."""

    async def add(self, token: PersonalToken) -> bool:
        """Keep it; False when its id is taken: the same form was sent before."""
        ...

    async def get(self, token_id: str) -> PersonalToken | None: ...

    async def of_user(self, user_id: str | None, *, after: str, limit: int) -> list[PersonalToken]:
        """Those of a person, or of all, in the order of their ids, ended ones too until they are forgotten."""
        ...

    async def alive_first(
        self, user_id: str, *, after: tuple[bool, int, str] | None = None, limit: int, now: int
    ) -> list[PersonalToken]:
        """Those of a person, ended ones last, else the newest first. `after`: of the last one of the page before, whether it is alive,
        when it was made, and its id.
        """
        ...

    async def count_alive(self, user_id: str, *, now: int) -> int: ...

    async def note_use(self, token_id: str, *, at: int, address: str, every_s: int) -> bool:
        """Note a use, unless one was noted so shortly before; whether it was noted."""
        ...

    async def remind(self, *, within_s: int, limit: int, now: int) -> list[PersonalToken]:
        """Those that end so soon and whose people were not reminded yet; from now on they were. Each is given to one caller only."""
        ...
