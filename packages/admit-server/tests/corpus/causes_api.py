"""Calls of the administration API that are refused. Who may call is told why an act is refused; who may not gets code and id."""

from corpus_kit import CALLER, Cause, Stage

from admit_server.domain.administration import ADMIN_CLIENT, ALL, api_audience
from admit_server.domain.errors import AlreadyExists
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import roles, tokens, users

BAD = "invalid_token"


async def _administrator(stage: Stage, *scopes: str, name: str = "root", **limits) -> str:
    rt = stage.site.rt
    try:
        await users.add(users.NewUser(username=name, roles=("admin",)), rt=rt, caller=CALLER)
    except AlreadyExists:
        pass
    new = tokens.NewToken(
        user=name,
        client=ADMIN_CLIENT,
        resource=api_audience(rt.issuer),
        scopes=frozenset(scopes or ALL),
        limits=TokenPolicy(**limits),
    )
    token = (await tokens.issue(new, rt=rt, caller=CALLER)).tokens.access_token
    stage.keep_secret(token)
    return token


def call(method, path, *scopes, body=None, headers=(), make=None, before=None, **limits):
    async def act(stage: Stage):
        token = await make(stage) if make else await _administrator(stage, *scopes, **limits)
        if before is not None:
            await before(stage, token)
        sent = {"Authorization": f"Bearer {token}"} | dict(headers)
        given = {"json": body} if body is not None else {}
        return await stage.site.http(address=stage.address).request(method, f"/api/v1{path}", headers=sent, **given)

    return act


async def for_another_resource(stage: Stage):
    return (await stage.tokens())["access_token"]


async def of_a_robot(stage: Stage):
    return (await stage.site.own_token()).json()["access_token"]


async def revoked(stage: Stage, token: str):
    await tokens.end(token, rt=stage.site.rt, caller=CALLER)


async def role_taken(stage: Stage):
    """Of somebody whose role lost its scopes since."""
    rt, name = stage.site.rt, f"desk{stage.number}"
    await roles.add(name, policy=None, scopes=frozenset({"users:read"}), rt=rt, caller=CALLER)
    await users.add(users.NewUser(username=name, roles=(name,)), rt=rt, caller=CALLER)
    new = tokens.NewToken(user=name, client=ADMIN_CLIENT, resource=api_audience(rt.issuer))
    token = (await tokens.issue(new, rt=rt, caller=CALLER)).tokens.access_token
    await roles.update(name, roles.RoleChange(scopes=frozenset()), rt=rt, caller=CALLER)
    stage.keep_secret(token)
    return token


async def nonsense(stage: Stage):
    return "adm_at_nonsense"


READS = ("GET", "/users", "users:read")
CAUSES = [
    Cause("the API with a token of another resource", call("GET", "/users", make=for_another_resource), BAD, "audience", "api.example"),
    Cause("the API with a robot's token of another resource", call("GET", "/users", make=of_a_robot), BAD, "audience", "api.example"),
    Cause("the API with a text", call("GET", "/users", make=nonsense), BAD, "token's form", "checksum"),
    Cause("the API with a revoked token", call(*READS, before=revoked), BAD, "token is not revoked", "revoked"),
    Cause("the API without the scope", call("GET", "/keys", "users:read"), "insufficient_scope", "scope", "users:read"),
    Cause("the API with a role that was taken away", call("GET", "/users", make=role_taken), "insufficient_scope", "scope of the roles", "users:read"),
    Cause("the API from another network", call(*READS, networks=frozenset({frozenset({"10.0.0.0/8"})})), BAD, "limits of the token", "198.51"),
    Cause("the API beyond the token's actions", call(*READS, actions=frozenset({frozenset({"GET /api/v1/keys"})})), BAD, "limits of the token", "GET /api/v1/users"),
]  # fmt: skip
