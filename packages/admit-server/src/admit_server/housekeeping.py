"""What a running server does beside answering: follow key rotations, sweep, write counts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module

from .domain.errors import AdministrationError, Busy
from .flows import check, keys, leases, mailing, passwords, personal_tokens
from .flows.audit import retention
from .flows.audit.sealing import Checkpoints
from .flows.denials import write_tally
from .flows.recording import write_decisions, write_last
from .flows.runtime import Caller, Runtime
from .machine.hashing import Argon2Hasher
from .ports.store import StoreUnavailable
from .ports.transaction import Tx

log = logging.getLogger("admit")
# Failed readings in a row, half a second apart, after which rules are no longer what somebody may have changed meanwhile.
RULES_LAST = 10


async def supervised(work: Callable[[], Awaitable[None]], *, name: str) -> None:
    """Run a task that should never end; a fault is logged, and it begins again after a second."""
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("the task %r failed and begins again", name)
        await asyncio.sleep(1)


async def keep_keys(rt: Runtime) -> None:
    """Follow rotations made by other processes, and keep a next key published."""
    await asyncio.sleep(1)
    rounds = 0
    while True:
        try:
            await keys.refresh(rt)
            if rounds % 1200 == 0:
                await keys.ensure_next(rt)
        except StoreUnavailable as error:
            log.warning("the keys can't be read: %s", error)
        rounds += 1
        await asyncio.sleep(0.5)


async def keep_rules(rt: Runtime) -> None:
    """Follow the rules of `/check` as others change them. Rules that can't be read for five seconds are known no longer."""
    failed = 0
    while True:
        await asyncio.sleep(0.5)
        try:
            await check.refresh(rt)
            failed = 0
        except StoreUnavailable as error:
            failed += 1
            if failed == RULES_LAST and rt.rules.current is not None:
                log.warning("the rules of /check can't be read: %s", error)
                rt.rules.current = None
        except AdministrationError as error:
            # Written by another version: what it means is not known here, so nothing passes.
            log.error("the rules of /check can't be understood: %s", error)
            rt.rules.current = None


async def sweep(rt: Runtime) -> None:
    """Delete what can matter to nobody any more, in small batches so that nobody waits; tell of personal tokens that end soon."""
    while True:
        await asyncio.sleep(30)
        with suppress(StoreUnavailable):
            await personal_tokens.remind(rt=rt)
            while await _swept(rt) >= 100:  # noqa: ASYNC110 - a breath between batches, not a wait for something
                await asyncio.sleep(0.05)


async def send_mail(rt: Runtime) -> None:
    """Send the mails that wait, within half a second of the commit that queued them."""
    while True:
        tried = 0
        try:
            tried = await mailing.send_due(rt=rt)
        except StoreUnavailable as error:
            log.warning("mails can't be sent: %s", error)
        await asyncio.sleep(0.01 if tried else 0.5)


async def end_leases(rt: Runtime) -> None:
    """End leases that nobody renewed in time, within half a second, also those of the time when no server ran."""
    while True:
        try:
            await leases.end_those_run_out(rt=rt)
        except StoreUnavailable as error:
            log.warning("leases that ran out can't be ended: %s", error)
        await asyncio.sleep(0.5)


async def count_refusals(rt: Runtime) -> None:
    """Write the counted and sampled refusals every second, and once more at the end."""
    try:
        while True:
            await asyncio.sleep(1)
            with suppress(StoreUnavailable):
                await write_tally(rt)
    finally:
        with suppress(StoreUnavailable):
            await write_tally(rt)


async def keep_decisions(rt: Runtime, *, keep_days: int) -> None:
    """Write what was decided every second, and once more at the end; forget what is older than people want to keep."""
    try:
        while True:
            for _ in range(60):
                await asyncio.sleep(1)
                with suppress(StoreUnavailable):
                    await write_decisions(rt)
            with suppress(StoreUnavailable):
                await forget_decisions(rt, keep_days=keep_days)
    finally:
        await write_last(rt)


async def forget_decisions(rt: Runtime, *, keep_days: int) -> None:
    """Delete recorded decisions that are too old, in small batches."""
    before = rt.clock() - keep_days * 86_400
    while await rt.store.write(lambda tx: tx.decisions.forget(before=before, limit=100)) == 100:  # noqa: ASYNC110 - a breath
        await asyncio.sleep(0.05)


async def keep_audit(checkpoints: Checkpoints, *, checkpoint_s: int, keep_days: int) -> None:
    """Seal new audit events each second; write checkpoints, and drop what is older than people want to keep, now and then."""
    sealer, loop = checkpoints.sealer, asyncio.get_running_loop()
    next_checkpoint, next_drop = loop.time() + checkpoint_s, loop.time() + 60
    while True:
        await asyncio.sleep(1)
        try:
            await sealer.seal()
            if loop.time() >= next_checkpoint:
                next_checkpoint = loop.time() + checkpoint_s
                await checkpoints.write()
            if keep_days and loop.time() >= next_drop:
                next_drop = loop.time() + 3600
                before = sealer.rt.clock() - keep_days * 86_400
                await retention.drop(sealed_before=before, rt=sealer.rt, caller=Caller(actor="server"))
        except StoreUnavailable as error:
            log.warning("the audit log can't be sealed: %s", error)
        except Exception:
            log.exception("the audit log can't be sealed: run `admit audit verify`")  # and go on: events wait


async def close_audit(checkpoints: Checkpoints) -> None:
    """Seal what came last, and write the checkpoint that covers it: an ordered end leaves nothing that could be cut off unseen."""
    with suppress(StoreUnavailable):
        await checkpoints.sealer.seal()
        await checkpoints.write()


async def _swept(rt: Runtime) -> int:
    now = rt.clock()

    async def unit(tx: Tx) -> int:
        return await tx.sweeping.sweep(now=now, limit=100)

    return await rt.store.write(unit)


async def warm_up(rt: Runtime) -> None:
    """Hash once shortly after the start, and read what judges passkeys, so that the first sign-in costs no more than any.

    Then stay, and learn of makes of hashes that are imported while the server runs.
    """
    await asyncio.sleep(0.2)
    if isinstance(rt.hasher, Argon2Hasher):
        await rt.hasher.warm_up()
    if "passkey" in rt.authenticators:
        await asyncio.to_thread(import_module, "admit_server.authenticators.passkey.verification")
    await keep_schemes(rt)


async def keep_schemes(rt: Runtime) -> None:
    """Know which makes of imported password hashes there are, so that failures take as long as the slowest; forget old ones."""
    rounds = 0
    while True:
        with suppress(StoreUnavailable, Busy):
            await passwords.expect_imported(rt=rt)
            if rounds % 86_400 == 86_399:
                await passwords.forget_unused_schemes(rt=rt)
        rounds += 1
        await asyncio.sleep(1)
