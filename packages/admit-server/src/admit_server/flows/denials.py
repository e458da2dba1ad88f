"""Recording refusals: those tied to somebody we know are kept, within bounds; strangers' are counted, and a few sampled."""

from typing import Literal

from ..domain.denial import Denial
from ..domain.errors import ProtocolError
from ..ports.store import StoreUnavailable
from ..ports.transaction import Tx
from .runtime import Caller, Runtime
from .tally import Waiting
from .token_status import ended


async def record(error: ProtocolError, *, endpoint: str, rt: Runtime, caller: Caller) -> str:
    """Keep or count a refusal with its checks, and return the id that the caller is told.

    Every refusal gets an id: one that only some got would tell the caller whether a token, a client or a name is known. What is kept
    under it is bounded: so many a minute of a client or a person, and a few samples of strangers' refusals; the rest is counted. A
    database that can't write does not turn a refusal into a fault.
    """
    return await record_code(
        error.code,
        rule=error.public,
        found=error.detail or "something else",
        endpoint=endpoint,
        rt=rt,
        caller=caller,
    )


async def record_code(
    code: str,
    *,
    rule: str = "",
    found: str = "",
    endpoint: str,
    rt: Runtime,
    caller: Caller,
    denial_id: str | None = None,
) -> str:
    """As `record`, for a refusal that is no exception. `denial_id`: the id under which the caller has told of it already."""
    trail = caller.trail
    denial = Denial(
        id=denial_id or rt.new_id("den"),
        at=rt.clock(),
        code=code,
        endpoint=endpoint,
        client_id=trail.client_id,
        user_id=trail.user_id,
        network=caller.network,
        checks=trail.checks(code=code, rule=rule, found=found),
        grant_id=trail.grant_id,
        token_id=trail.token_id,
        session_id=trail.session_id,
        resource=trail.resource,
    )
    match trail.holder:
        case None:
            rt.tally.sample(denial)
        case holder, most if trail.quiet:
            rt.tally.later(Waiting(denial, holder, most))
        case holder, most:
            await _keep_now(denial, holder, most, rt=rt)
    return denial.id


async def _keep_now(denial: Denial, holder: str, most: int, *, rt: Runtime) -> None:
    minute = denial.at // 60

    async def unit(tx: Tx) -> Literal["kept", "full", "taken"]:
        return await keep(tx, denial, holder=holder, most=most)

    if not rt.tally.is_full(holder, minute=minute):
        try:
            outcome = await rt.store.write(unit)
            if outcome != "full":
                return
            rt.tally.fill(holder, minute=minute)
        except StoreUnavailable:
            pass
    rt.tally.count(denial.code, denial.network, minute=minute)


async def keep(tx: Tx, denial: Denial, *, holder: str, most: int) -> Literal["kept", "full", "taken"]:
    """Keep a refusal if its holder has a row left in this minute and its id is unused."""
    if not await tx.denials.spend(holder, minute=denial.at // 60, most=most):
        return "full"
    return "kept" if await tx.denials.add(denial) else "taken"


async def tie(grant_id: str, *, rt: Runtime, caller: Caller) -> None:
    """A refused request came with something of this grant: note whom that concerns, and whether the grant and its session live."""
    grant = await rt.store.read.grants.get(grant_id)
    if grant is None:
        caller.trail.grant_id = grant_id
        return
    caller.trail.about_grant(grant)
    await ended(grant, rt=rt, now=rt.clock(), trail=caller.trail)


async def tie_to_owner(
    owner: tuple[str, str] | None, *, what: Literal["code", "token"], client_id: str, rt: Runtime, caller: Caller
) -> None:
    """A refused code or refresh token: whom it concerns, and whose it is (grant and client) if it is not this client's."""
    if owner is None:
        caller.trail.failed(
            f"{what} is known", "one that was issued here", "never issued here, or long over and forgotten"
        )
    else:
        caller.trail.failed(f"{what}'s client", owner[1], client_id)
        await tie(owner[0], rt=rt, caller=caller)


async def write_tally(rt: Runtime) -> None:
    """Write what was counted, sampled and put off since the last time: one unit for all of it.

    Raises:
        StoreUnavailable: Nothing was written; all of it waits for the next time.
    """
    counted = rt.tally.take()
    samples, waiting = rt.tally.take_denials()
    if not counted and not waiting:
        return

    async def unit(tx: Tx) -> None:
        for (code, network, minute), amount in counted.items():
            await tx.denials.count(code=code, network=network, minute=minute, amount=amount)
        for sample in samples:
            await tx.denials.add_sample(sample)
        for one in waiting:
            if await keep(tx, one.denial, holder=one.holder, most=one.most) == "full":
                denial = one.denial
                await tx.denials.count(code=denial.code, network=denial.network, minute=denial.at // 60)

    try:
        await rt.store.write(unit)
    except StoreUnavailable:
        rt.tally.put_back(counted, samples, waiting)
        raise
