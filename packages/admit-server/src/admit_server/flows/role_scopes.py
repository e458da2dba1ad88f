"""Which scopes a person may have: those that belong to roles are only for who has one of these roles."""

from ..domain.administration import ADMIN_ROLE, ALL, api_audience
from ..domain.scopes import OPENID
from ..domain.user import User
from ..ports.roles import Role
from ..ports.transaction import Tx
from .endings import end_grant
from .runtime import Runtime


def scopes_of(role: Role) -> frozenset[str]:
    """What a role gives. That of the built-in one does not hang on its row."""
    return ALL if role.name == ADMIN_ROLE else role.scopes


async def given_by_roles(tx: Tx, user: User) -> frozenset[str]:
    """Scopes that a person's roles name, at whatever resource. The built-in role is one with and without its row."""
    given = frozenset().union(*(role.scopes for role in await tx.roles.of(user.roles) if role.name != ADMIN_ROLE))
    return given | ALL if ADMIN_ROLE in user.roles else given


async def permitted(tx: Tx, rt: Runtime, *, user: User | None, audience: str, scopes: frozenset[str]) -> frozenset[str]:
    """What of these scopes a person may have at a resource.

    At the administration API only what the person's roles name. Elsewhere everything, except what some role names: that is for who has
    such a role. The built-in role speaks of the API alone, so an API of yours may call its scopes as it likes.

    Args:
        tx: Where roles are read.
        rt: For the issuer.
        user: None: a client's own token, for which what the client was added with is decisive.
        audience: The resource.
        scopes: What was asked for.
    """
    if user is None or not scopes:
        return scopes
    if audience == api_audience(rt.issuer):
        return scopes & (await given_by_roles(tx, user) | OPENID)
    named = [role for role in await tx.roles.with_scopes() if role.name != ADMIN_ROLE]
    guarded = frozenset().union(*(role.scopes for role in named))
    own = frozenset().union(*(role.scopes for role in named if role.name in user.roles))
    return scopes - (guarded - own - OPENID)


async def end_what_roles_forbid(tx: Tx, user: User, *, rt: Runtime, nonce: str, now: int) -> int:
    """End the grants of a person that hold more than the roles allow now. How many ended."""
    ended = 0
    for grant_id in await tx.grants.alive_of_user(user.id, now=now):
        grant = await tx.grants.get(grant_id)
        if grant is None:
            continue
        allowed = await permitted(tx, rt, user=user, audience=grant.audience, scopes=grant.scopes)
        if allowed != grant.scopes:
            ended += await end_grant(tx, grant_id, reason="role_taken", nonce=nonce, now=now)
    return ended
