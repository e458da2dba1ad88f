"""What a person sees first of their account: how much there is of everything, and what needs attention."""

from dataclasses import dataclass

from ...domain.personal_token import PERSONAL_CLIENT
from ...domain.user import User
from ...ports.transaction import Tx
from ..runtime import Runtime

# Beyond it the page says "more than".
MOST_COUNTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Numbers up to `MOST_COUNTED`, and what needs attention."""

    sessions: int
    apps: int
    tokens: int
    tokens_ending: tuple[str, ...]


async def of(user: User, *, rt: Runtime) -> Overview:
    """Look once, in one read transaction."""
    now = rt.clock()

    async def look(tx: Tx) -> Overview:
        sessions = await tx.sessions.page(user_id=user.id, alive_at=now, limit=MOST_COUNTED)
        apps = await tx.connections.of_person(user.id, apart=PERSONAL_CLIENT, after="", limit=MOST_COUNTED, now=now)
        tokens = await tx.personal_tokens.alive_first(user.id, limit=200, now=now)
        return Overview(
            sessions=len(sessions),
            apps=len(apps),
            tokens=sum(token.is_alive(now) for token in tokens),
            tokens_ending=tuple(token.name for token in tokens if token.ends_soon(now)),
        )

    return await rt.store.view(look)
