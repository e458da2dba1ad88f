"""Ending many at once: counted first, then in batches so small that nobody waits."""

from dataclasses import dataclass, replace

from ...domain.errors import NotFound
from ...domain.selection import Condition, Selection, What, parse_selection
from ...ports.transaction import Tx
from ..endings import end_grant, end_session
from ..runtime import Caller, Runtime
from . import clients, users

REASON = "ended_by_administrator"
BATCH = 200


@dataclass(frozen=True, slots=True)
class Selected:
    """What a text selects now. `as_of`: whatever is made later is not meant."""

    text: str
    selection: Selection
    count: int
    as_of: int


async def select(text: str, *, what: What, rt: Runtime) -> Selected:
    """Count what would be ended; nothing is changed.

    Raises:
        NotAllowed: The text can't be read.
        NotFound: It names a user or client that does not exist: a typing error must not select nothing, nor everything else.
    """
    parsed, now = parse_selection(text, what=what), rt.clock()
    selection = replace(parsed, conditions=tuple([await _resolved(each, rt=rt) for each in parsed.conditions]))

    async def look(tx: Tx) -> int:
        return await tx.selecting.count(selection, as_of=now, now=now)

    return Selected(text, selection, await rt.store.view(look), now)


async def end(selected: Selected, *, rt: Runtime, caller: Caller) -> int:
    """End all of them, everywhere; how many.

    In batches: one that is interrupted is repeated with the same text, and ends the rest.
    """
    ended = 0
    while True:
        some = await _end_some(selected, rt=rt, caller=caller)
        ended += some
        if not some:
            return ended


async def _end_some(selected: Selected, *, rt: Runtime, caller: Caller) -> int:
    now, nonce, what = rt.clock(), rt.nonce(), selected.selection.what
    if what == "sessions":
        event = rt.event("sessions.ended", "", actor=caller.actor, caller=caller, now=now)
    else:
        event = rt.event("grants.ended", "", actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> int:
        ids = await tx.selecting.some(selected.selection, as_of=selected.as_of, limit=BATCH, now=now)
        for each in ids:
            if what == "sessions":
                await end_session(tx, each, reason=REASON, nonce=nonce, now=now)
            else:
                await end_grant(tx, each, reason=REASON, nonce=nonce, now=now)
        if ids:
            await tx.audit.append(replace(event, details={"where": selected.text[:500], "ended": len(ids)}))
        return len(ids)

    count = await rt.store.write(unit)
    rt.on_revocation()
    return count


async def _resolved(condition: Condition, *, rt: Runtime) -> Condition:
    match condition.field:
        case "user":
            return replace(condition, value=(await users.find(str(condition.value), rt=rt)).id)
        case "client":
            return replace(condition, value=(await clients.find(str(condition.value), rt=rt)).id)
        case "resource":
            if await rt.store.read.resources.get(str(condition.value)) is None:
                raise NotFound(f"There is no resource {condition.value!r}; `admit resource list` shows all.")
    return condition
