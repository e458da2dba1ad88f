"""People as flows meet them: who is meant by what somebody types, and which addresses are theirs."""

from dataclasses import dataclass

from ..domain.email_address import LONGEST, EmailAddress, address_key, typed_address_key
from ..domain.user import User, username_key
from ..ports.transaction import Tx


async def find_for_sign_in(name: str, *, tx: Tx) -> User | None:
    """Who is meant by a user name or a verified e-mail address. A user name goes first: two people never share one.

    The same reads for everybody and nobody. Count failures under `User.username` and not under what was typed, or an alias gives
    more tries.
    """
    by_name = await tx.users.by_username_key(username_key(name[:LONGEST]))
    by_address = await tx.addresses.owner(typed_address_key(name))
    return by_name or by_address


async def addresses_of(user: User | None, *, tx: Tx) -> list[EmailAddress]:
    """All addresses of a person, the main one first."""
    rows = await tx.addresses.of_user(user.id if user else "")
    if user is None:
        return []
    main = address_key(user.email) if user.email else None
    known = [
        EmailAddress(address=address, is_main=key == main, verified_at=verified_at, created_at=created_at)
        for key, address, verified_at, created_at in rows
    ]
    if user.email and not any(each.is_main for each in known):
        known.append(EmailAddress(address=user.email, is_main=True, verified_at=None, created_at=user.created_at))
    return sorted(known, key=lambda each: not each.is_main)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where mail to a person may go.

    Attributes:
        proven: Verified addresses, the main one first: good for signing in.
        anywhere: Those, and the main one also where an administrator gave it and nobody has verified it yet: good for notices, and
            for links that prove it in passing.
    """

    proven: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()


async def reach(user: User | None, *, tx: Tx) -> Reach:
    """The addresses of a person that mail may go to; of nobody for the same work."""
    found = await addresses_of(user, tx=tx)
    return Reach(
        proven=tuple(each.address for each in found if each.verified_at is not None),
        anywhere=tuple(each.address for each in found if each.verified_at is not None or each.is_main),
    )
