"""Passwords: which makes of hashes are in use."""

from ..ports.password_schemes import PasswordScheme
from ..ports.transaction import Tx
from .runtime import Runtime


async def expect_imported(*, rt: Runtime) -> None:
    """Let failures take as long as the slowest make of hash that was imported.

    Raises:
        StoreUnavailable: The database can't answer now.
        Busy: The hashing queue is full; a make that is new was not measured.
    """
    found = await rt.store.read.password_schemes.all()
    if found:
        await rt.hasher.expect([scheme.stand_in for scheme in found])


async def forget_unused_schemes(*, rt: Runtime) -> int:
    """Forget the makes of which no hash is left, since people's first sign-ins replaced them; how many went.

    Raises:
        StoreUnavailable: The database can't answer now.
    """
    gone = 0
    for scheme in await rt.store.read.password_schemes.all():
        gone += await _forgotten(scheme, rt=rt)
    return gone


async def _forgotten(scheme: PasswordScheme, *, rt: Runtime) -> bool:
    async def look(tx: Tx) -> bool:
        return await tx.password_schemes.in_use(scheme.parameters)

    async def unit(tx: Tx) -> bool:
        return await tx.password_schemes.forget(scheme)

    return not await rt.store.view(look) and await rt.store.write(unit)
