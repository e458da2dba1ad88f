"""Recorded decisions: a row for each second in which there were some."""

import zlib
from typing import Any

import msgspec

from ...domain.decision import Batch, Decision
from ...ports.store import Statements

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[list[Any]]).decode
_DEFAULTS = Decision(0, "issue")
_FIELDS = len(_DEFAULTS)


def pack(decisions: tuple[Decision, ...]) -> bytes:
    """The decisions in few bytes: as lists of their values, what is left at its default at the end cut off."""
    return zlib.compress(_encode([_cut(each) for each in decisions]), 1)


def unpack(packed: bytes) -> tuple[Decision, ...]:
    """Read what `pack` wrote."""
    return tuple(Decision(*values) for values in _decode(zlib.decompress(packed)))


def _cut(decision: Decision) -> tuple[Any, ...]:
    used = _FIELDS
    while used > 2 and decision[used - 1] == _DEFAULTS[used - 1]:
        used -= 1
    return decision[:used]


class DecisionStatements:
    """`ports.decisions.Decisions`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, batch: Batch) -> None:
        await self._tx.run(
            """INSERT INTO decision_batch (at, id, amount, dropped, packed) VALUES (:at, :id, :amount, :dropped, :packed)
               ON CONFLICT (at, id) DO NOTHING""",
            at=batch.at,
            id=batch.id,
            amount=len(batch.decisions),
            dropped=batch.dropped,
            packed=pack(batch.decisions),
        )

    async def page(self, *, after: tuple[int, str], until: int, limit: int) -> list[Batch]:
        rows = await self._tx.all(
            """SELECT at, id, dropped, packed FROM decision_batch
                WHERE (at > :at OR (at = :at AND id > :id)) AND at >= :at AND at < :until
                ORDER BY at, id LIMIT :limit""",
            at=after[0],
            id=after[1],
            until=until,
            limit=limit,
        )
        return [Batch(row[0], row[1], unpack(row[3]), row[2]) for row in rows]

    async def oldest(self) -> int | None:
        row = await self._tx.one("SELECT at FROM decision_batch ORDER BY at, id LIMIT 1")
        return row[0] if row else None

    async def forget(self, *, before: int, limit: int) -> int:
        return await self._tx.run(
            """DELETE FROM decision_batch WHERE (at, id) IN
               (SELECT at, id FROM decision_batch WHERE at < :before ORDER BY at, id LIMIT :limit)""",
            before=before,
            limit=limit,
        )
