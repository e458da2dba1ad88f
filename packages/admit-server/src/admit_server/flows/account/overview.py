"""What a person sees first of their account: how much there is of everything, and what needs attention."""

from dataclasses import dataclass

from ...domain.journey import ACR_ONE_FACTOR
from ...domain.personal_token import PERSONAL_CLIENT
from ...domain.removal import two_factors_at_most
from ...domain.user import User
from ...ports.transaction import Tx
from ..journeys.planning import means_of
from ..runtime import Runtime
from .credentials import OwnCredential, of_person

# Beyond it the page says "more than".
MOST_COUNTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Numbers up to `MOST_COUNTED`, and what needs attention."""

    sessions: int
    apps: int
    tokens: int
    tokens_ending: tuple[str, ...]
    ways: tuple[OwnCredential, ...]
    two_factors: bool


async def of(user: User, *, rt: Runtime) -> Overview:
    """Look at everything."""
    now = rt.clock()
    ways = tuple(await of_person(user.id, rt=rt))
    usable = [each for each in await means_of(user, rt=rt) if each.usable and not each.stands_in]
    two_factors = two_factors_at_most(usable) != ACR_ONE_FACTOR

    async def look(tx: Tx) -> Overview:
        sessions = await tx.sessions.page(user_id=user.id, alive_at=now, limit=MOST_COUNTED)
        apps = await tx.connections.of_person(user.id, apart=PERSONAL_CLIENT, after="", limit=MOST_COUNTED, now=now)
        tokens = await tx.personal_tokens.alive_first(user.id, limit=200, now=now)
        return Overview(
            sessions=len(sessions),
            apps=len(apps),
            tokens=sum(token.is_alive(now) for token in tokens),
            tokens_ending=tuple(token.name for token in tokens if token.ends_soon(now)),
            ways=ways,
            two_factors=two_factors,
        )

    return await rt.store.view(look)
