"""Recording refusals: those tied to a known client get an id, within bounds; the others are counted."""

from ..domain.denial import Check, Denial
from ..domain.errors import ProtocolError
from ..ports.store import StoreUnavailable
from ..ports.transaction import Tx
from .runtime import Caller, Runtime


async def record(
    error: ProtocolError, *, endpoint: str, client_id: str | None, proved: bool, rt: Runtime, caller: Caller
) -> str | None:
    """Store a refusal and return its id, or count it and return None.

    Only a client that proved itself gets rows: a public client's id is known to everybody, and strangers must not fill the table.
    """
    now = rt.clock()
    if not proved or client_id is None:
        rt.tally.count(error.code, caller.network, minute=now // 60)
        return None
    denial = Denial(
        id=rt.new_id("den"),
        at=now,
        code=error.code,
        endpoint=endpoint,
        client_id=client_id,
        user_id=None,
        network=caller.network,
        checks=(Check(name=error.code, expected=error.public, found=error.detail or error.public, passed=False),),
    )

    async def unit(tx: Tx) -> None:
        await tx.denials.add(denial)

    await rt.store.write(unit)
    return denial.id


async def write_tally(rt: Runtime) -> None:
    """Write what was counted since the last time: one unit for all of it.

    Raises:
        StoreUnavailable: Nothing was written; what was counted waits for the next time.
    """
    counted = rt.tally.take()
    if not counted:
        return

    async def unit(tx: Tx) -> None:
        for (code, network, minute), amount in counted.items():
            await tx.denials.count(code=code, network=network, minute=minute, amount=amount)

    try:
        await rt.store.write(unit)
    except StoreUnavailable:
        rt.tally.put_back(counted)
        raise
