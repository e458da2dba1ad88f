"""Dropping old events: whole segments from the beginning, with a signed note of how far."""

from ...domain.audit_chain import MOST_IN_SEGMENT, Mark, Position, genesis
from ...ports.transaction import Tx
from ...tokens.audit_keys import AuditKeys
from ..runtime import Caller, Runtime

_SEGMENTS = 200


async def drop(*, sealed_before: int, rt: Runtime, caller: Caller) -> tuple[int, Mark | None]:
    """Drop every segment that was sealed before a time, oldest first; a segment goes whole or stays.

    The log stays checkable: it begins with a signed note of where it was cut, and checking says so. An export made
    before keeps what is dropped here.

    Returns:
        How many events went, and the note that stands now.

    Raises:
        StoreUnavailable: The database can't be written; what was dropped until then stays dropped.
    """
    keys, gone = AuditKeys.of(rt.vault), 0
    installation = await rt.store.read.feed.installation_nonce()
    note = await rt.store.read.audit_log.dropped(installation)
    while True:
        was = note.position if note else genesis(installation)
        until = await _until(was, sealed_before=sealed_before, rt=rt)
        if until == was:
            return gone, note
        now = rt.clock()
        blank = Mark(kind="dropped", installation=installation, position=until, at=now, key_id=keys.key_id)
        fresh = keys.signed(blank)
        event = rt.event(
            "audit.dropped",
            "",
            actor=caller.actor,
            caller=caller,
            now=now,
            details={"sealed_before": sealed_before},
        )

        async def unit(tx: Tx, fresh: Mark = fresh, was: Position = was, tell: bool = gone == 0) -> bool:
            if not await tx.audit_log.drop(fresh, was=was.seq):
                return False
            if tell:
                await tx.audit.append(event)  # noqa: B023 - awaited within the round
            return True

        if not await rt.store.write(unit):
            return gone, await rt.store.read.audit_log.dropped(installation)  # another process is at it
        gone, note = gone + until.seq - was.seq, fresh


async def _until(was: Position, *, sealed_before: int, rt: Runtime) -> Position:
    """How far one unit may go: some segments, so that nobody waits for it."""

    async def look(tx: Tx) -> Position:
        until = was
        for segment in await tx.audit_log.segments(after=was.segment, limit=_SEGMENTS):
            large = segment.last - was.seq > MOST_IN_SEGMENT and until != was
            if segment.sealed_at >= sealed_before or segment.number != until.segment + 1 or large:
                break
            until = segment.end
        return until

    return await rt.store.view(look)
