"""Apps that hold something of a person, and taking it from them."""

from dataclasses import dataclass, replace

from ...domain.errors import NotFound
from ...domain.personal_token import PERSONAL_CLIENT
from ...domain.scopes import in_words
from ...domain.session import Session
from ...ports.connections import Connection
from ...ports.transaction import Tx
from ..endings import end_grant, end_session
from ..runtime import Caller, Runtime

PAGE = 10
# So few rows a unit that other writers wait for milliseconds only.
BATCH = 200
REASON = "disconnected_by_person"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app may do at one API, in the words of that API; `audience` names it."""

    audience: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An app, and what it may do."""

    connection: Connection
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class AppPage:
    """Some of them in the order of their ids; `next_after`: where the next page begins, '' at the end."""

    apps: tuple[ConnectedApp, ...]
    next_after: str


async def connected(user_id: str, *, after: str = "", rt: Runtime) -> AppPage:
    """The apps that hold a living grant of a person. Personal tokens have a page of their own."""
    now = rt.clock()

    async def look(tx: Tx) -> AppPage:
        found = await tx.connections.of_person(user_id, apart=PERSONAL_CLIENT, after=after, limit=PAGE + 1, now=now)
        texts: dict[str, dict[str, str]] = {}
        for audience in {audience for each in found for audience in each.scopes}:
            resource = await tx.resources.get(audience)
            texts[audience] = dict(resource.scopes) if resource else {}
        shown = [ConnectedApp(each, _wishes(each, texts)) for each in found[:PAGE]]
        return AppPage(tuple(shown), found[PAGE - 1].client_id if len(found) > PAGE else "")

    return await rt.store.view(look)


async def disconnect(client_id: str, *, current: Session, rt: Runtime, caller: Caller) -> int:
    """End everything that an app holds of this person, everywhere; how many grants. It needs no fresh sign-in: it only takes away.

    Raises:
        NotFound: The app holds nothing of this person.
    """
    if client_id == PERSONAL_CLIENT:
        raise NotFound("Personal tokens are no app; each is ended for itself.")
    ended = 0
    while some := await _end_some(client_id, current, told=ended, rt=rt, caller=caller):
        ended += some
        rt.on_revocation()
        if some < BATCH:
            break
    if not ended:
        raise NotFound("This app holds nothing of you any more.")
    return ended


async def _end_some(client_id: str, current: Session, *, told: int, rt: Runtime, caller: Caller) -> int:
    now, nonce = rt.clock(), rt.nonce()
    event = rt.event("account.app_disconnected", client_id, actor=current.user_id, caller=caller, now=now)

    async def unit(tx: Tx) -> int:
        some = await tx.connections.grants(current.user_id, client_id, limit=BATCH, now=now)
        if not some:
            return 0
        client = await tx.clients.get(client_id)
        for grant_id in some:
            grant = await tx.grants.get(grant_id)
            await end_grant(tx, grant_id, reason=REASON, nonce=nonce, now=now)
            session = await tx.sessions.get(grant.session_id) if grant and grant.session_id else None
            # The session of an app that signed in without a browser is nothing but this.
            if session is not None and not session.in_browser:
                await end_session(tx, session.id, reason=REASON, nonce=nonce, now=now)
        name = client.name if client else client_id
        await tx.audit.append(replace(event, details={"name": name, "ended": told + len(some)}))
        return len(some)

    return await rt.store.write(unit)


def _wishes(connection: Connection, texts: dict[str, dict[str, str]]) -> tuple[Wish, ...]:
    return tuple(
        Wish(audience, tuple(in_words(scopes, texts[audience])))
        for audience, scopes in sorted(connection.scopes.items())
    )
