"""The sealer: puts new events in their order, chains them, and seals them. See docs/reference/audit-log.md."""

import asyncio
import logging
from dataclasses import dataclass, field, replace

from ...domain.audit_chain import MOST_IN_SEGMENT, LogEntry, LogHead, Mark, Segment, segment_of
from ...ports.audit import AuditLog, Witness
from ...ports.store import ConstraintViolation, StoreUnavailable
from ...ports.transaction import Tx
from ...tokens.audit_keys import AuditKeys
from ..runtime import Runtime

log = logging.getLogger("admit.audit")

# Below this many events, chaining them is quicker than finding a thread for it.
_FEW = 100


@dataclass(slots=True)
class Sealer:
    """Seals for one process. Any number of them may work on one database: of two that meet, one finds nothing to do.

    Attributes:
        rt: What flows use.
        keys: The audit's keys.
        segment_size: Events in one segment at most.
        seen: The furthest end of the log that this process saw.
    """

    rt: Runtime
    keys: AuditKeys
    segment_size: int = MOST_IN_SEGMENT
    seen: LogHead | None = None
    _installation: str | None = field(default=None)

    @classmethod
    def of(cls, rt: Runtime) -> "Sealer":
        """The sealer of a runtime."""
        return cls(rt, AuditKeys.of(rt.vault))

    async def installation(self) -> str:
        """The nonce of the database."""
        if self._installation is None:
            self._installation = await self.rt.store.read.feed.installation_nonce()
        return self._installation

    async def seal(self, *, most: int = 100) -> int:
        """Seal what waits, in at most so many segments. How many events were sealed.

        A sealer that died after giving numbers leaves events that are numbered and not sealed: whoever comes next goes on with those.

        Raises:
            StoreUnavailable: The database can't be reached; nothing is lost, events wait.
        """
        sealed = 0
        for _ in range(most):
            segment = await self._next()
            if segment is None:
                break

            async def unit(tx: Tx, segment: Segment = segment) -> bool:
                return await tx.audit_log.seal(segment)

            try:
                if not await self.rt.store.write(unit):
                    break
            except ConstraintViolation:
                log.error("a segment stands where the sealer would write: run `admit audit verify`")
                break
            sealed += segment.last - segment.first + 1
        return sealed

    async def checkpoint(self) -> Mark | None:
        """A signed statement of where the log ends now; None when nothing was ever sealed."""
        installation = await self.installation()
        head = await self.rt.store.read.audit_log.head(installation)
        if head.sealed.seq == 0:
            return None
        now = self.rt.clock()
        blank = Mark(
            kind="checkpoint", installation=installation, position=head.sealed, at=now, key_id=self.keys.key_id
        )
        return self.keys.signed(blank)

    async def _next(self) -> Segment | None:
        """Number what waits if nothing is numbered yet, then chain it."""
        installation = await self.installation()
        log_ = self.rt.store.read.audit_log
        head = await log_.head(installation)
        self._compare(head)
        if head.numbered <= head.sealed.seq:
            if not await log_.waiting(most=1):
                return None
            numbered = await self._number(head.numbered)
            if numbered is None or numbered <= head.sealed.seq:
                return None
            head = replace(head, numbered=numbered)
        first, last = head.sealed.seq + 1, min(head.numbered, head.sealed.seq + self.segment_size)

        async def look(tx: Tx) -> list[LogEntry]:
            return await legible(tx.audit_log, first=first, last=last, limit=self.segment_size)

        entries = await self.rt.store.view(look)
        if len(entries) != last - first + 1:
            log.error("of events %d to %d some are gone before they were sealed: run `admit audit verify`", first, last)
        now = self.rt.clock()

        def chain() -> Segment:
            segment = segment_of(entries, after=head.sealed, last=last, sealed_at=now, key_id=self.keys.key_id)
            return self.keys.seal(segment, installation=installation)

        return chain() if len(entries) < _FEW else await asyncio.to_thread(chain)

    async def _number(self, after: int) -> int | None:
        async def unit(tx: Tx) -> int | None:
            return await tx.audit_log.number(after=after, limit=self.segment_size)

        try:
            return await self.rt.store.write(unit)
        except ConstraintViolation:
            log.error("an event stands behind the end of the log: run `admit audit verify`; until then events wait")
            return None

    def _compare(self, head: LogHead) -> None:
        """Say so when the log became shorter under a running server, or another log."""
        seen = self.seen
        if seen is not None and (
            head.sealed.seq < seen.sealed.seq
            or (head.sealed.seq == seen.sealed.seq and head.sealed.link != seen.sealed.link)
        ):
            log.error("the audit log ended at event %d and now ends at %d: it was cut off or restored, run `admit audit verify`",
                      seen.sealed.seq, head.sealed.seq)  # fmt: skip
        self.seen = head


@dataclass(slots=True)
class Checkpoints:
    """Writes checkpoints where the database can't reach them."""

    sealer: Sealer
    witness: Witness
    _last: int | None = None

    async def write(self) -> Mark | None:
        """Write a checkpoint, unless the newest one says the same.

        Raises:
            StoreUnavailable: The database can't be read.
        """
        mark = await self.sealer.checkpoint()
        if mark is None:
            return None
        try:
            if self._last is None:
                self._last = _seq_of(await self.witness.lines())
            if self._last == mark.position.seq:
                return None
            await self.witness.add(mark.line())
        except OSError as error:
            log.error("the checkpoint of the audit log can't be written: %s", error)
            return None
        self._last = mark.position.seq
        return mark


async def legible(log_: AuditLog, *, first: int, last: int, limit: int) -> list[LogEntry]:
    """The events of a range that can be read.

    SQLite keeps bytes that are no text where somebody put them past Admit, and then fails to read the row: it counts as gone.
    """
    try:
        return await log_.entries(first=first, last=last, limit=limit)
    except StoreUnavailable:
        raise
    except Exception:
        if first == last or limit <= 1:
            return []
    found: list[LogEntry] = []
    for seq in range(first, min(last, first + limit - 1) + 1):
        found += await legible(log_, first=seq, last=seq, limit=1)
    return found


def _seq_of(lines: list[str]) -> int:
    try:
        return Mark.parse(lines[-1]).position.seq if lines else 0
    except ValueError:
        return 0
