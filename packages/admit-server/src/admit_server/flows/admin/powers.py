"""Nobody raises themselves: an administrator gives what they have, and changes who has no more than that."""

from ...domain.administration import ADMIN_ROLE, ALL, api_audience
from ...domain.client import Client
from ...domain.errors import ExceedsPowers
from ...domain.scopes import format_scope
from ...domain.user import User
from ...ports.transaction import Tx
from ..role_scopes import scopes_of
from ..runtime import Caller, Runtime


async def over_roles(tx: Tx, names: tuple[str, ...], *, caller: Caller) -> None:
    """Refuse to give or take roles that hold more than the caller has.

    Raises:
        ExceedsPowers: So it is.
    """
    if caller.powers is None:
        return
    needed = frozenset().union(*(scopes_of(role) for role in await tx.roles.of(names)))
    over_scopes(needed | ALL if ADMIN_ROLE in names else needed, f"the roles {', '.join(names)}", caller=caller)


async def over_user(tx: Tx, user: User, *, caller: Caller) -> None:
    """Refuse to change somebody with roles that hold more than the caller has: who sets a password can sign in with it.

    Oneself too: otherwise a token of few scopes would buy a sign-in with all of them.

    Raises:
        ExceedsPowers: So it is.
    """
    await over_roles(tx, user.roles, caller=caller)


def over_client(client: Client, *, rt: Runtime, caller: Caller) -> None:
    """Refuse to make or change a client that may ask for more of the API than the caller has: who has its secret has that.

    Raises:
        ExceedsPowers: So it is.
    """
    if api_audience(rt.issuer) in client.audiences:
        over_scopes(client.scopes & ALL, f"the client {client.name!r}", caller=caller)


def over_scopes(needed: frozenset[str], what: str, *, caller: Caller) -> None:
    """Refuse what needs scopes that the caller does not have.

    Raises:
        ExceedsPowers: So it is.
    """
    if caller.powers is not None and (missing := caller.powers.missing(needed)):
        raise ExceedsPowers(f"That takes what {what} may do, and you may not: {format_scope(missing)}.")
