"""What an administrator does, as one unit of work: all of it or nothing, and in a dry run nothing.

A flow of this folder makes units of its own. Here it runs inside one, whatever it consists of: its reads and its units go to the same
transaction, slow hashes are made before, and what has to follow a commit follows this one. So what the command line does and what the
API does is the same flow, and several flows can be one act.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from ...domain.audit import AuditEvent
from ...ports.transaction import AdmitStore, Tx
from .. import keys
from ..decision_log import DecisionLog
from ..runtime import KeyringHolder, Runtime

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What came of it, and the audit events that were written; in a dry run, that would have been."""

    result: T
    events: tuple[AuditEvent, ...]


async def in_one_unit(act: Callable[[Runtime], Awaitable[T]], *, rt: Runtime, dry_run: bool = False) -> Done[T]:
    """Run flows in one unit of work.

    Args:
        act: Gets the runtime with which it has to call its flows. May be run again, as any unit; awaits nothing but flows that
            await nothing but the store and the hasher.
        rt: What flows use.
        dry_run: Undo everything at the end.

    Raises:
        Exception: Whatever a flow raised; nothing was kept.
    """
    hasher = _HasherInside(instant="(a dry run)" if dry_run else None)
    inside = [rt]

    async def unit(tx: Tx) -> Done[T]:
        # One act after the other, also on PostgreSQL: what one has compared stays as it is until it has written.
        await tx.acts.take_turn()
        seen = _Seen(tx)
        own = replace(
            rt,
            store=cast(AdmitStore, _StoreInside(seen)),
            hasher=hasher,
            keys=KeyringHolder(rt.keys.current),
            # What is decided in here is so only once it is committed.
            decisions=DecisionLog(on=rt.decisions.on),
        )
        inside[:] = [replace(own, on_revocation=lambda: inside.append(own))]
        done = Done(await act(inside[0]), tuple(seen.events))
        if dry_run:
            raise _Undone(done)
        return done

    while True:
        try:
            done = await rt.store.write(unit)
        except _Undone as undone:
            return cast(Done[T], undone.done)
        except _NotHashedYet as wanted:
            hasher.known[wanted.text] = await rt.hasher.hash(wanted.text)
            continue
        rt.decisions.take_over(inside[0].decisions)
        if len(inside) > 1:
            rt.on_revocation()
        if inside[0].keys.current is not rt.keys.current:
            await keys.refresh(rt)
        return done


class _Undone(Exception):
    def __init__(self, done: Done[Any]) -> None:
        super().__init__("a dry run")
        self.done = done


class _NotHashedYet(Exception):
    """Hashing is slow, so it happens outside: the unit is undone and begins again with the hash."""

    def __init__(self, text: str) -> None:
        super().__init__("a hash is needed")
        self.text = text


class _HasherInside:
    """`ports.runtime.PasswordHasher` without waiting."""

    def __init__(self, *, instant: str | None) -> None:
        self._instant = instant
        self.known: dict[str, str] = {}

    async def hash(self, password: str) -> str:
        found = self._instant or self.known.get(password)
        if found is None:
            raise _NotHashedYet(password)
        return found

    async def verify(self, encoded: str | None, password: str) -> bool:
        raise NotImplementedError("an administrator proves no passwords")

    def needs_rehash(self, encoded: str) -> bool:
        return False

    @property
    def answer_s(self) -> float:
        raise NotImplementedError("an administrator proves no passwords")

    async def expect(self, stand_ins: Iterable[str]) -> None:
        raise NotImplementedError("an administrator proves no passwords")


class _Seen:
    """A transaction that remembers which events were written in it."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.events: list[AuditEvent] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    @property
    def audit(self) -> Any:
        return self

    async def append(self, event: AuditEvent) -> None:
        await self._tx.audit.append(event)
        self.events.append(event)

    async def latest(self, *, limit: int) -> list[AuditEvent]:
        return await self._tx.audit.latest(limit=limit)


class _StoreInside:
    """`ports.store.Store` within a unit that is under way."""

    def __init__(self, tx: Any) -> None:
        self.read = tx

    async def view(self, look: Callable[[Any], Awaitable[T]], /) -> T:
        return await look(self.read)

    async def write(self, unit: Callable[[Any], Awaitable[T]], /) -> T:
        return await unit(self.read)

    async def close(self) -> None:
        raise NotImplementedError("the unit belongs to another")
