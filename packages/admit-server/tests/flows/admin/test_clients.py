"""Applications by an administrator's hand."""

import asyncio

import pytest

from admit_server.domain.errors import AlreadyExists, NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources
from admit_server.flows.admin.clients import NewClient
from admit_server.flows.admin.resources import NewResource
from admit_server.tokens import opaque

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

API = "https://api.example.com"
BACK = "https://app.example.com/cb"


@pytest.fixture
def add(rt, caller):
    async def adding(name, **more):
        return await clients.add(NewClient(name=name, **more), rt=rt, caller=caller)

    return adding


@pytest.fixture
async def api(rt, caller):
    new = NewResource(audience=API, scopes={"notes:read": "Read", "notes:write": "Write"})
    return await resources.add(new, rt=rt, caller=caller)


@both_engines
async def test_the_secret_is_given_once_and_kept_as_a_digest(rt, add, actions):
    added = await add("web", redirect_uris=(BACK,))

    assert opaque.is_opaque(added.secret, "cs")
    stored = await clients.find("web", rt=rt)
    assert stored.secret_digest == opaque.digest(added.secret)
    assert added.secret not in repr(added)
    assert await actions() == ["client.added"]


async def test_a_public_client_has_no_secret(add):
    added = await add("phone", kind="public", redirect_uris=("com.example.app:/cb",))

    assert added.secret is None
    assert added.client.secret_digest is None


@pytest.mark.parametrize(
    ("more", "grant_types"),
    [
        ({}, {"client_credentials"}),
        ({"redirect_uris": (BACK,)}, {"authorization_code", "refresh_token"}),
        ({"kind": "public"}, {"authorization_code", "refresh_token"}),
        ({"first_party": True}, {"authorization_code", "refresh_token"}),
        ({"grant_types": frozenset({"authorization_code"}), "redirect_uris": (BACK,)}, {"authorization_code"}),
    ],
)
async def test_the_grant_types_fit_what_the_client_is(add, more, grant_types):
    assert (await add("web", **more)).client.grant_types == grant_types


@both_engines
async def test_scopes_are_those_of_the_audiences_unless_chosen(add, api):
    openid = {"openid", "profile", "email"}

    web = await add("web", redirect_uris=(BACK,), audiences=(API,))
    service = await add("service", audiences=(API,))
    narrow = await add("narrow", audiences=(API,), scopes=frozenset({"notes:read", "openid"}))

    assert web.client.scopes == {"notes:read", "notes:write"} | openid
    assert service.client.scopes == {"notes:read", "notes:write"}
    assert narrow.client.scopes == {"notes:read", "openid"}


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"audiences": ("https://other.example.com",)}, NotFound, "admit resource add"),
        ({"policy": "missing"}, NotFound, "admit policy set"),
        ({"audiences": (API,), "scopes": frozenset({"notes:burn"})}, NotAllowed, "notes:burn"),
        ({"scopes": frozenset({"notes:read"})}, NotAllowed, "--audience"),
        ({"redirect_uris": ("http://app.example.com/cb",)}, NotAllowed, "loopback"),
        ({"post_logout_redirect_uris": ("javascript:alert(1)",)}, NotAllowed, "scheme"),
        ({"kind": "public", "pkce_required": False}, NotAllowed, "PKCE"),
        ({"kind": "public", "grant_types": frozenset({"client_credentials"})}, NotAllowed, "confidential"),
        ({"grant_types": frozenset({"password"})}, NotAllowed, "Unknown grant type"),
        ({"client_id": "with space"}, NotAllowed, "client id"),
        ({"client_id": "x" * 65}, NotAllowed, "client id"),
        ({"client_id": "usr_" + "A" * 22}, NotAllowed, "shape of a user's id"),
        ({"name": " "}, NotAllowed, "name"),
        ({"name": "bell\a"}, NotAllowed, "name"),
    ],
)
async def test_what_does_not_fit_is_refused_with_a_reason(rt, caller, api, more, error, says):
    with pytest.raises(error, match=says):
        await clients.add(NewClient(**{"name": "web", **more}), rt=rt, caller=caller)

    assert (await clients.page(rt=rt)).items == ()


@both_engines
async def test_a_chosen_id_is_kept_and_found_like_the_name(rt, add):
    added = await add("Notes for everybody", client_id="demo-web.v1~x_y")

    assert await clients.find("demo-web.v1~x_y", rt=rt) == added.client
    assert await clients.find("Notes for everybody", rt=rt) == added.client
    with pytest.raises(NotFound, match="admit client list"):
        await clients.find("nothing", rt=rt)


@pytest.mark.parametrize(("name", "client_id"), [("first", None), ("other", "one"), ("one", None), ("other", "first")])
async def test_neither_a_name_nor_an_id_can_be_another_clients_name_or_id(add, name, client_id):
    await add("first", client_id="one")

    with pytest.raises(AlreadyExists, match="Take another"):
        await add(name, client_id=client_id)


@both_engines
async def test_the_origins_of_redirect_uris_are_registered_and_no_others(rt, add):
    added = await add(
        "web",
        redirect_uris=("https://App.example.com:8443/cb", "com.example.app:/cb"),
        post_logout_redirect_uris=("https://bye.example.com/",),
    )
    allowed = rt.store.read.clients.origin_allowed

    assert await allowed("https://app.example.com:8443", client_id=added.client.id)
    assert not await allowed("https://bye.example.com", client_id=None)


async def test_pkce_can_be_switched_off_for_a_confidential_client(add):
    assert not (await add("old", redirect_uris=(BACK,), pkce_required=False)).client.pkce_required


async def test_a_policy_is_attached_by_name(rt, add, caller):
    await policies.set_policy("short", TokenPolicy(lifetime_s=60), rt=rt, caller=caller)

    assert (await add("web", policy="short")).client.policy == "short"


@pytest.mark.parametrize(
    ("redirect_uris", "policy"),
    [
        ((BACK,), "browser"),
        ((BACK, "http://localhost:5173/"), "browser"),
        (("http://127.0.0.1/cb",), None),
        (("com.example.app:/cb",), None),
        ((BACK, "com.example.app:/cb"), None),
        ((), None),
    ],
)
async def test_a_public_client_of_pages_has_the_built_in_policy(add, redirect_uris, policy):
    """An app of the machine has no page that could renew a lease (RFC 8252 section 7)."""
    added = await add("app", kind="public", redirect_uris=redirect_uris)

    assert added.client.policy == policy
    assert any("renewing its lease" in text for text in clients.remarks(added.client)) is (policy is not None)


async def test_the_built_in_policy_is_only_for_want_of_another(add, caller, rt):
    await policies.set_policy("short", TokenPolicy(lifetime_s=60), rt=rt, caller=caller)

    assert (await add("one", kind="public", redirect_uris=(BACK,), policy="short")).client.policy == "short"
    assert (await add("two", kind="public", redirect_uris=(BACK,), default_policy=False)).client.policy is None
    assert (await add("three", redirect_uris=(BACK,))).client.policy is None


async def test_remarks_tell_what_a_client_can_not_be_used_for(add, api):
    bare = await add("bare", kind="public")
    whole = await add("whole", redirect_uris=(BACK,), audiences=(API,))
    service = await add("service")

    assert [text.split(",")[0] for text in clients.remarks(bare.client)] == [
        "It has no redirect URI",
        "It has no audience",
    ]
    assert clients.remarks(whole.client) == ()
    assert clients.remarks(service.client) == ()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_of_twenty_rotations_of_one_secret_one_is_done(rt, caller):
    added = await clients.add(clients.NewClient(name="shop"), rt=rt, caller=caller)
    was = added.client.secret_digest

    async def rotate(number):
        async def unit(tx):
            return await tx.clients.rotate_secret(
                added.client.id, was=was, becomes=bytes([number]) * 32, old_until=None
            )

        return number, await rt.store.write(unit)

    done = [number for number, first in await asyncio.gather(*map(rotate, range(20))) if first]

    assert len(done) == 1
    assert (await clients.find("shop", rt=rt)).secret_digest == bytes(done) * 32
