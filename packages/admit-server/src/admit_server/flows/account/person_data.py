"""A person's own data, all of it that this server keeps under their name, as one JSON document. No secret is in it."""

from typing import Any

from ...domain.account import require_fresh
from ...domain.session import Session
from ...domain.user import User
from ...ports.transaction import Tx
from ..people import addresses_of
from ..runtime import Caller, Runtime
from .activity import recent

_PAGE = 200
# More of the log than this stays with the administrator, who is asked for it; the document says so.
MOST_HAPPENINGS = 10_000
FORMAT = 1


async def download(user: User, *, current: Session, rt: Runtime, caller: Caller) -> dict[str, Any]:
    """The document (docs/howto/account-pages.md). Times are seconds, UTC.

    Raises:
        SignInTooOld: Who found an open session must not take everything along.
    """
    now = rt.clock()
    require_fresh(current, rt.account, now=now)
    event = rt.event("account.data_downloaded", user.id, actor=user.id, caller=caller, now=now)
    await rt.store.write(lambda tx: tx.audit.append(event))
    activity, is_whole = await _activity(user, rt=rt)
    return {
        "format": FORMAT,
        "issuer": rt.issuer,
        "made_at": now,
        "profile": {
            "user_id": user.id,
            "username": user.username,
            "email": user.email,
            "roles": list(user.roles),
            "created_at": user.created_at,
        },
        "addresses": [
            {
                "address": each.address,
                "is_main": each.is_main,
                "verified_at": each.verified_at,
                "added_at": each.created_at,
            }
            for each in await addresses_of(user, tx=rt.store.read)
        ],
        "ways_to_sign_in": await _credentials(user, rt=rt),
        "known_devices": await _devices(user, rt=rt),
        "sessions": await _sessions(user, rt=rt),
        "grants": await _grants(user, now=now, rt=rt),
        "personal_tokens": await _tokens(user, rt=rt),
        "activity": activity,
        "activity_is_whole": is_whole,
    }


async def _credentials(user: User, *, rt: Runtime) -> list[dict[str, Any]]:
    return [
        {
            "kind": each.authenticator,
            "label": each.label,
            "created_at": each.created_at,
            "last_used_at": each.last_used_at,
        }
        for each in await rt.store.view(lambda tx: tx.credentials.all_of_user(user.id))
    ]


async def _devices(user: User, *, rt: Runtime) -> list[dict[str, Any]]:
    seen = await rt.store.read.known_devices.of_user(user.id, limit=_PAGE)
    return [{"first_seen_at": first, "last_seen_at": last} for first, last in seen]


async def _sessions(user: User, *, rt: Runtime) -> list[dict[str, Any]]:
    found: list[Session] = []
    after: tuple[int, str] | None = None
    while page := await rt.store.read.sessions.page(user_id=user.id, alive_at=None, limit=_PAGE, after=after):
        found += page
        after = page[-1].created_at, page[-1].id
    return [
        {
            "session_id": each.id,
            "created_at": each.created_at,
            "signed_in_at": each.auth_time,
            "methods": list(each.amr),
            "network": each.network,
            "user_agent": each.user_agent,
            "last_seen_at": each.last_seen_at if each.in_browser else None,
            "expires_at": each.expires_at,
            "ended_at": each.ended_at,
            "end_reason": each.end_reason,
        }
        for each in found
    ]


async def _grants(user: User, *, now: int, rt: Runtime) -> list[dict[str, Any]]:
    names: dict[str, str] = {}
    found: list[dict[str, Any]] = []
    after = ""

    async def look(tx: Tx) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for grant in await tx.grants.page(user_id=user.id, client_id=None, alive_at=now, after=after, limit=_PAGE):
            if grant.client_id not in names:
                client = await tx.clients.get(grant.client_id)
                names[grant.client_id] = client.name if client else grant.client_id
            rows.append(
                {
                    "grant_id": grant.id,
                    "client_id": grant.client_id,
                    "client_name": names[grant.client_id],
                    "audience": grant.audience,
                    "scopes": sorted(grant.scopes),
                    "session_id": grant.session_id,
                    "created_at": grant.created_at,
                    "expires_at": grant.expires_at,
                }
            )
        return rows

    while rows := await rt.store.view(look):
        found += rows
        after = rows[-1]["grant_id"]
    return found


async def _tokens(user: User, *, rt: Runtime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while page := await rt.store.read.personal_tokens.of_user(user.id, after=after, limit=_PAGE):
        after = page[-1].id
        found += [
            {
                "token_id": each.id,
                "name": each.name,
                "audience": each.audience,
                "scopes": sorted(each.scopes),
                "created_at": each.created_at,
                "expires_at": each.expires_at,
                "last_used_at": each.last_used_at,
                "last_used_from": each.last_used_from,
                "ended_at": each.ended_at,
                "end_reason": each.end_reason,
            }
            for each in page
        ]
    return found


async def _activity(user: User, *, rt: Runtime) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    before: int | None = None
    while True:
        page = await recent(user.id, before=before, limit=_PAGE, rt=rt)
        found += [{"at": each.at, "what": each.text, "network": each.network} for each in page.happenings]
        before = page.next_before
        if before is None or len(found) >= MOST_HAPPENINGS:
            return found[:MOST_HAPPENINGS], before is None
