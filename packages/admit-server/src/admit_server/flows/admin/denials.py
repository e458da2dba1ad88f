"""Refusals as the administrator sees them: each check, expected and found, whom it concerned, and what mends it."""

from dataclasses import dataclass

from ...domain.denial import Denial
from ...domain.errors import NotFound
from ...domain.ids import looks_like
from ...domain.remedies import remedy
from ...ports.transaction import Tx
from ..runtime import Runtime

MOST_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A refusal, the names behind its ids (None where nobody is, or is any more), and what mends it."""

    denial: Denial
    username: str | None
    client_name: str | None
    reporter_name: str | None
    remedy: str


async def explain(denial_id: str, *, rt: Runtime) -> Explained:
    """Everything that is known of a refusal.

    Raises:
        NotFound: Nothing is kept under that id; the text says why that may be.
    """
    if not looks_like("den", denial_id):
        raise NotFound(f"{denial_id[:64]!r} is not the id of a refusal: they begin with den_ and have 26 characters.")

    async def look(tx: Tx) -> Explained | None:
        denial = await tx.denials.get(denial_id)
        return await _explained(tx, denial) if denial is not None else None

    found = await rt.store.view(look)
    if found is None:
        raise NotFound(
            f"Nothing is kept of {denial_id}. Of each client, person and network only the first refusals of a minute are kept, the "
            "others are counted; and each only for a while. What an API's library refused arrives here within seconds. "
            "`admit explain --recent` shows what is kept."
        )
    return found


async def recent(*, client_id: str | None, limit: int, rt: Runtime) -> list[Explained]:
    """The newest refusals, of one client or of all."""

    return await page(client_id=client_id, after=None, limit=limit, rt=rt)


async def page(*, client_id: str | None, after: tuple[int, str] | None, limit: int, rt: Runtime) -> list[Explained]:
    """As `recent`, after the time and id of one of them."""

    async def look(tx: Tx) -> list[Explained]:
        found = await tx.denials.newest(client_id=client_id, limit=limit, after=after)
        return [await _explained(tx, denial) for denial in found]

    return await rt.store.view(look)


async def _explained(tx: Tx, denial: Denial) -> Explained:
    user = await tx.users.get(denial.user_id) if denial.user_id is not None else None
    client = await tx.clients.get(denial.client_id) if denial.client_id is not None else None
    reporter = await tx.clients.get(denial.reported_by) if denial.reported_by is not None else None
    return Explained(
        denial=denial,
        username=user.username if user else None,
        client_name=client.name if client else None,
        reporter_name=reporter.name if reporter else None,
        remedy=remedy(denial.code),
    )
