"""Resources and named policies by an administrator's hand."""

import pytest

from admit_server.domain.errors import AlreadyExists, NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources
from admit_server.flows.admin.clients import NewClient
from admit_server.flows.admin.resources import NewResource

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

API = "https://api.example.com"


@pytest.fixture
def add(rt, caller):
    async def adding(audience=API, **more):
        return await resources.add(NewResource(audience=audience, **more), rt=rt, caller=caller)

    return adding


@pytest.mark.parametrize(
    "audience", [API, "http://127.0.0.1:8101", "urn:example:api", "notes", "https://a.example/x?y=1"]
)
async def test_an_audience_is_an_address_or_a_name(rt, add, audience):
    added = await add(audience)

    assert await resources.find(audience, rt=rt) == added


@pytest.mark.parametrize(
    "audience",
    [
        "",
        "two words",
        "ümlaut",
        "https://",
        "https://a.example/#part",
        "https://me@a.example/",
        "https://[::1",
        "x" * 501,
    ],
)
async def test_what_can_not_be_an_audience_is_refused(add, audience):
    with pytest.raises(NotAllowed):
        await add(audience)


@pytest.mark.parametrize("scopes", [{"two words": ""}, {'"': ""}, {"": ""}, {"openid": "x"}, {"a": "two\nlines"}])
async def test_what_can_not_be_a_scope_is_refused(add, scopes):
    with pytest.raises(NotAllowed):
        await add(scopes=scopes)


@both_engines
async def test_an_audience_is_taken_once(add, actions):
    await add()

    with pytest.raises(AlreadyExists, match="admit resource show"):
        await add()
    assert await actions() == ["resource.added"]


@both_engines
async def test_scopes_format_policy_and_reader_are_kept(rt, add, caller):
    await policies.set_policy("short", TokenPolicy(lifetime_s=60), rt=rt, caller=caller)
    reader = await clients.add(NewClient(name="api"), rt=rt, caller=caller)

    added = await add(scopes={"notes:read": "Read notes"}, format="opaque", policy="short", client="api")

    assert added == await resources.find(API, rt=rt)
    assert (added.format, added.policy, added.client_id) == ("opaque", "short", reader.client.id)


async def test_a_reader_must_exist_and_be_able_to_prove_itself(rt, add, caller):
    await clients.add(NewClient(name="spa", kind="public"), rt=rt, caller=caller)

    with pytest.raises(NotFound, match="client"):
        await add(client="nobody")
    with pytest.raises(NotAllowed, match="no secret"):
        await add(client="spa")


async def test_a_policy_that_is_referred_to_must_exist(add):
    with pytest.raises(NotFound, match="admit policy set"):
        await add(policy="missing")


async def test_an_unknown_resource_is_not_found(rt):
    with pytest.raises(NotFound, match="admit resource add"):
        await resources.find("nothing", rt=rt)


@both_engines
async def test_resources_come_in_pages(rt, add):
    for audience in ("c", "a", "b"):
        await add(audience)

    first = await resources.page(limit=2, rt=rt)
    rest = await resources.page(after=first.next_after, limit=2, rt=rt)

    assert [r.audience for r in first.items + rest.items] == ["a", "b", "c"]
    assert rest.next_after is None


@both_engines
async def test_setting_a_policy_anew_replaces_all_its_limits(rt, caller, actions):
    assert await policies.set_policy("p", TokenPolicy(lifetime_s=60, end_with_session=True), rt=rt, caller=caller)
    assert not await policies.set_policy("p", TokenPolicy(refresh_idle_s=3600), rt=rt, caller=caller)

    assert (await policies.find("p", rt=rt)).limits == TokenPolicy(refresh_idle_s=3600)
    assert [p.name for p in await policies.every(rt=rt)] == ["browser", "p"]
    assert await actions() == ["policy.set", "policy.set"]


@pytest.mark.parametrize("name", ["", "Has Space", "UPPER", "-x", "x" * 65])
async def test_what_can_not_be_a_policys_name_is_refused(rt, caller, name):
    with pytest.raises(NotAllowed, match="policy's name"):
        await policies.set_policy(name, TokenPolicy(), rt=rt, caller=caller)


async def test_an_unknown_policy_is_not_found(rt):
    with pytest.raises(NotFound, match="admit policy set nothing"):
        await policies.find("nothing", rt=rt)
