"""Tokens by an administrator's hand."""

from dataclasses import replace

import pytest

from admit.jose import verify
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources, tokens, users
from admit_server.flows.admin.clients import NewClient
from admit_server.flows.admin.resources import NewResource
from admit_server.flows.admin.tokens import NewToken, RefreshTokenFound
from admit_server.flows.admin.users import NewUser
from admit_server.flows.client_auth import AuthenticatedClient
from admit_server.flows.runtime import KeyringHolder
from admit_server.flows.token import refresh_token
from admit_server.flows.token_status import BadToken, GoodToken
from admit_server.tokens.keyring import NoSigningKey

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

API = "https://api.example.com"
PLAIN = "https://plain.example.com"
SCOPES = {"notes:read": "Read", "notes:write": "Write"}


@pytest.fixture
async def house(rt, caller):
    """A user, a resource of each format, a web client for both and a service for one."""
    for audience, form in ((API, "jwt"), (PLAIN, "opaque")):
        await resources.add(NewResource(audience=audience, scopes=SCOPES, format=form), rt=rt, caller=caller)
    web = NewClient(name="web", redirect_uris=("https://app.example.com/cb",), audiences=(API, PLAIN))
    await clients.add(web, rt=rt, caller=caller)
    await clients.add(NewClient(name="service", audiences=(API,)), rt=rt, caller=caller)
    return await users.add(NewUser(username="alice", roles=("editor",)), rt=rt, caller=caller)


@pytest.fixture
def issue(rt, house, caller):
    async def issuing(client="web", resource=API, **more):
        return await tokens.issue(
            NewToken(user="alice", client=client, resource=resource, **more), rt=rt, caller=caller
        )

    return issuing


async def test_a_jwt_tells_of_user_client_and_grant_and_of_no_sign_in(rt, issue, house, clock, actions):
    issued = await issue(scopes=frozenset({"notes:read"}))

    claims = verify(
        issued.tokens.access_token, rt.keys.current.published(now=clock.now), types=frozenset({"at+jwt"})
    ).claims
    assert (claims["sub"], claims["aud"], claims["scope"]) == (house.id, API, "notes:read")
    assert (claims["grant"], claims["roles"], claims["exp"]) == (issued.grant.id, ["editor"], clock.now + 600)
    assert not {"sid", "auth_time", "acr", "amr"} & claims.keys()
    assert issued.tokens.id_token is None
    assert "token.issued" in await actions()


@both_engines
@pytest.mark.parametrize(("resource", "form"), [(API, "jwt"), (PLAIN, "opaque")])
async def test_a_token_of_either_format_is_good_until_its_last_second(rt, issue, clock, resource, form):
    issued = await issue(resource=resource)
    text = issued.tokens.access_token

    found = await tokens.inspect(text, rt=rt)
    assert isinstance(found, GoodToken)
    assert (found.format, found.expires_at) == (form, clock.now + 600)
    assert await tokens.username_of(found, rt=rt) == "alice"

    clock.now += 600
    assert (await tokens.inspect(text, rt=rt)).code == "token_expired"


@both_engines
async def test_a_refresh_token_comes_only_where_the_client_may_use_one_and_works(rt, issue, caller):
    assert (await issue(client="service")).tokens.refresh_token is None
    issued = await issue()

    grant = refresh_token.RefreshGrant(issued.tokens.refresh_token)
    who = AuthenticatedClient(await clients.find("web", rt=rt), proved=True)
    renewed = await refresh_token.exchange(grant, who=who, rt=rt, caller=caller)

    assert renewed.access_token != issued.tokens.access_token


async def test_a_named_policy_makes_it_stricter_never_looser(rt, issue, caller):
    for name, lifetime_s in (("short", 60), ("long", 86_400)):
        await policies.set_policy(name, TokenPolicy(lifetime_s=lifetime_s), rt=rt, caller=caller)

    assert (await issue(policy="short")).tokens.expires_in == 60
    assert (await issue(policy="long")).tokens.expires_in == 600


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"client": "service", "resource": PLAIN}, NotAllowed, "was not added for"),
        ({"scopes": frozenset({"notes:burn"})}, NotAllowed, "notes:burn"),
        ({"client": "nobody"}, NotFound, "client"),
        ({"resource": "nothing"}, NotFound, "resource"),
        ({"policy": "missing"}, NotFound, "policy"),
    ],
)
async def test_what_the_client_may_not_have_is_not_issued(rt, issue, house, clock, more, error, says):
    with pytest.raises(error, match=says):
        await issue(**more)

    assert await rt.store.read.grants.alive_of_user(house.id, now=clock.now) == []


async def test_nothing_is_issued_for_somebody_disabled(rt, issue, caller):
    await users.disable("alice", rt=rt, caller=caller)

    with pytest.raises(NotAllowed, match="admit user enable"):
        await issue()


async def test_nothing_is_written_when_no_key_can_sign(rt, house, caller, clock):
    keyless = replace(rt, keys=KeyringHolder())

    with pytest.raises(NoSigningKey):
        await tokens.issue(NewToken(user="alice", client="web", resource=API), rt=keyless, caller=caller)

    assert await rt.store.read.grants.alive_of_user(house.id, now=clock.now) == []


@both_engines
@pytest.mark.parametrize("resource", [API, PLAIN])
async def test_ending_an_access_token_leaves_the_rest_of_its_grant(rt, issue, caller, resource, woken):
    issued = await issue(resource=resource)

    done = await tokens.end(issued.tokens.access_token, rt=rt, caller=caller)

    assert (done.kind, done.code) == ("access_token", None)
    assert (await tokens.inspect(issued.tokens.access_token, rt=rt)).code == "token_revoked"
    assert (await tokens.inspect(issued.tokens.refresh_token, rt=rt)).alive
    assert woken
    assert (await tokens.end(issued.tokens.access_token, rt=rt, caller=caller)).code == "token_revoked"


@both_engines
async def test_ending_a_refresh_token_ends_its_whole_grant(rt, issue, caller):
    issued = await issue()

    done = await tokens.end(issued.tokens.refresh_token, rt=rt, caller=caller)

    assert (done.kind, done.id, done.code) == ("refresh_token", issued.grant.id, None)
    found = await tokens.inspect(issued.tokens.refresh_token, rt=rt)
    assert isinstance(found, RefreshTokenFound)
    assert not found.alive
    assert (await tokens.inspect(issued.tokens.access_token, rt=rt)).code == "token_revoked"
    assert (await tokens.end(issued.tokens.refresh_token, rt=rt, caller=caller)).code == "token_revoked"


async def test_disabling_the_user_ends_what_was_issued_by_hand(rt, issue, caller):
    issued = await issue()

    await users.disable("alice", rt=rt, caller=caller)

    assert (await tokens.inspect(issued.tokens.access_token, rt=rt)).code == "token_revoked"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "malformed_token"),
        ("adm_at_cut", "malformed_token"),
        ("adm_rt_cut", "malformed_token"),
        ("a.b.c", "malformed_token"),
    ],
)
async def test_what_is_no_token_of_ours_is_said_to_be_none(rt, caller, text, code):
    assert await tokens.inspect(text, rt=rt) == BadToken(code)
    assert (await tokens.end(text, rt=rt, caller=caller)).code == code
