"""Personal tokens."""

import asyncio

import pytest
from site_kit import API, OPAQUE_API

from admit.opaque import refuse_malformed
from admit_server.domain.descent import ACCESS_TOKEN, TOKEN_EXCHANGE
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.personal_token import MOST_OF_A_PERSON, PERSONAL_CLIENT
from admit_server.domain.token_policy import DAY_S, TokenPolicy
from admit_server.flows import personal_tokens
from admit_server.flows.admin import clients, leaving, policies, resources, roles, sessions, users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


@pytest.fixture
async def shop(site):
    change = resources.ResourceChange(personal_tokens=True)
    await resources.update(API, change, rt=site.rt, caller=CALLER)
    return site


async def make(site, audience=API, *, by_administrator=False, username="alice", token_id=None, **more):
    user = await users.find(username, rt=site.rt)
    given = {"name": "backup", "scopes": frozenset({"notes:read"})} | more
    new = personal_tokens.NewPersonalToken(id=token_id or site.rt.new_id("tok"), user=user, audience=audience, **given)
    return await personal_tokens.make(new, by_administrator=by_administrator, rt=site.rt, caller=CALLER)


async def test_it_is_recognised_by_its_prefix_and_checksum_and_opens_its_resource(shop):
    made = await make(shop)
    assert made.text.startswith("adm_pat_")
    refuse_malformed(made.text)
    answer = await shop.introspect(made.text)
    assert answer["active"]
    assert (answer["aud"], answer["scope"], answer["client_id"]) == (API, "notes:read", PERSONAL_CLIENT)
    assert answer["exp"] == shop.clock() + 90 * DAY_S
    assert answer["username"] == "alice"
    assert not {"auth_time", "sid"} & set(answer)
    assert made.token.hint == made.text[-4:]
    assert made.text not in str(await shop.rows("SELECT * FROM personal_token"))


async def test_it_outlives_the_sign_out_but_not_a_disabled_person_or_a_new_password(shop):
    made = await make(shop)
    await sessions.end_all_of_user("alice", rt=shop.rt, caller=CALLER)
    assert await shop.is_active(made.text)
    await users.set_password("alice", "a wholly new pass phrase", rt=shop.rt, caller=CALLER)
    assert not await shop.is_active(made.text)
    second = await make(shop)
    await users.disable("alice", rt=shop.rt, caller=CALLER)
    assert not await shop.is_active(second.text)
    with pytest.raises(NotAllowed, match="disabled"):
        await make(shop)


async def test_people_make_them_only_where_that_is_allowed_and_administrators_anywhere(shop):
    with pytest.raises(NotFound):
        await make(shop, OPAQUE_API)
    with pytest.raises(NotFound):
        await make(shop, "https://nowhere.example", by_administrator=True)
    assert await shop.is_active((await make(shop, OPAQUE_API, by_administrator=True)).text)


async def test_it_may_no_more_than_its_person(shop):
    await roles.add("writer", policy=None, scopes=frozenset({"notes:write"}), rt=shop.rt, caller=CALLER)
    with pytest.raises(NotAllowed, match="notes:write"):
        await make(shop, scopes=frozenset({"notes:write"}))
    made = await make(shop, scopes=frozenset())
    assert made.token.scopes == {"notes:read"}


async def test_roles_that_were_taken_after_the_page_was_read_give_nothing(shop):
    await roles.add("writer", policy=None, scopes=frozenset({"notes:write"}), rt=shop.rt, caller=CALLER)
    await users.update("alice", users.UserChange(roles=("writer",)), rt=shop.rt, caller=CALLER)
    read_before = await users.find("alice", rt=shop.rt)
    await users.update("alice", users.UserChange(roles=()), rt=shop.rt, caller=CALLER)
    new = personal_tokens.NewPersonalToken(
        id=shop.rt.new_id("tok"), user=read_before, audience=API, name="late", scopes=frozenset({"notes:write"})
    )
    with pytest.raises(NotAllowed, match="notes:write"):
        await personal_tokens.make(new, by_administrator=False, rt=shop.rt, caller=CALLER)


async def test_a_scope_that_becomes_a_roles_own_is_taken_from_the_tokens_there_are(shop):
    made = await make(shop, scopes=frozenset({"notes:read", "notes:write"}))
    await roles.add("writer", policy=None, scopes=frozenset({"notes:write"}), rt=shop.rt, caller=CALLER)
    assert (await shop.introspect(made.text))["scope"] == "notes:read"
    await users.update("alice", users.UserChange(roles=("writer",)), rt=shop.rt, caller=CALLER)
    assert (await shop.introspect(made.text))["scope"] == "notes:read notes:write"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"lifetime_s": 59}, "lives"),
        ({"lifetime_s": 366 * DAY_S}, "lives"),
        ({"scopes": frozenset({"admin"})}, "admin"),
        ({"limits": TokenPolicy(actions=frozenset({frozenset({"get it"})}))}, "action"),
    ],
)
async def test_what_a_rule_forbids_is_refused_with_words(shop, given, said):
    with pytest.raises(NotAllowed, match=said):
        await make(shop, **given)


async def test_its_own_limits_and_those_of_its_person_hold(shop):
    made = await make(shop, limits=TokenPolicy(max_uses=2, networks=frozenset({frozenset({"192.0.2.0/24"})})))
    form = {"token": made.text, **shop.proof("api")}
    assert not (await shop.post("/introspect", form | {"client_address": "198.51.100.1"})).json()["active"]
    here = form | {"client_address": "192.0.2.5"}
    assert [(await shop.post("/introspect", here)).json()["active"] for _ in range(3)] == [True, True, False]
    leased = TokenPolicy(lease_s=60)

    async def unit(tx):
        await tx.policies.set("leased", leased, now=shop.clock())
        await tx.users.set_policy((await tx.users.by_username_key("alice")).id, "leased", now=shop.clock())

    await shop.rt.store.write(unit)
    with pytest.raises(NotAllowed, match="lease"):
        await make(shop)


async def test_when_it_was_last_used_is_known_to_the_minute_and_hardly_ever_written(shop):
    made = await make(shop)
    known = shop.rt.store.read.personal_tokens
    assert (await known.get(made.token.id)).last_used_at is None
    shop.clock.advance(100)
    form = {"token": made.text, **shop.proof("api"), "client_address": "192.0.2.5"}
    await shop.post("/introspect", form)
    first = await known.get(made.token.id)
    assert (first.last_used_at, first.last_used_from) == (shop.clock(), "192.0.2.5")
    shop.clock.advance(59)
    await shop.post("/introspect", form)
    assert (await known.get(made.token.id)).last_used_at == first.last_used_at
    shop.clock.advance(1)
    await shop.post("/introspect", form)
    assert (await known.get(made.token.id)).last_used_at == shop.clock()
    await shop.post("/introspect", {"token": made.text, **shop.proof("robot")})  # not its resource: no use
    assert "personal_token.made" in await shop.actions()


async def test_who_does_not_own_it_can_not_end_it(shop):
    made = await make(shop)
    bob = await users.find("bob", rt=shop.rt)
    with pytest.raises(NotFound):
        await personal_tokens.end(made.token.id, owner=bob, reason="x", rt=shop.rt, caller=CALLER)
    assert await shop.is_active(made.text)
    alice = await users.find("alice", rt=shop.rt)
    await personal_tokens.end(made.token.id, owner=alice, reason="x", rt=shop.rt, caller=CALLER)
    assert not await shop.is_active(made.text)
    assert (await personal_tokens.newest(alice, rt=shop.rt)).tokens[0].end_reason == "x"


async def test_the_same_form_sent_twice_makes_one(shop):
    token_id = shop.rt.new_id("tok")
    outcomes = await asyncio.gather(*(make(shop, token_id=token_id) for _ in range(8)), return_exceptions=True)
    assert [type(o) for o in outcomes].count(personal_tokens.Made) == 1
    assert all("already" in str(o) for o in outcomes if isinstance(o, NotAllowed))
    assert await shop.rows("SELECT COUNT(*) FROM access_grant WHERE client_id = 'admit-personal'") == [(1,)]


async def test_a_person_has_a_bounded_number(shop):
    async def unit(tx):
        for number in range(MOST_OF_A_PERSON - 1):
            await tx.clients._tx.run(
                """INSERT INTO personal_token (id, grant_id, user_id, name, hint, created_at, expires_at, last_used_from)
                   SELECT :id, grant_id, user_id, name, hint, created_at, expires_at, '' FROM personal_token WHERE id = :first""",
                id=f"tok_{number}",
                first=first.token.id,
            )

    first = await make(shop)
    await shop.rt.store.write(unit)
    with pytest.raises(NotAllowed, match="at most 100"):
        await make(shop)
    await make(shop, username="bob")


async def test_the_end_is_announced_once_a_week_before(shop):
    made = await make(shop)
    await make(shop, lifetime_s=365 * DAY_S)
    assert await personal_tokens.remind(rt=shop.rt) == 0
    shop.clock.advance(83 * DAY_S)
    found = await asyncio.gather(*(personal_tokens.remind(rt=shop.rt) for _ in range(4)))
    assert sorted(found) == [0, 0, 0, 1]
    told = [event for event in await shop.events() if event.action == "personal_token.ends_soon"]
    assert [(event.target, event.details["name"]) for event in told] == [(made.token.id, "backup")]


async def test_a_weaker_token_can_be_made_from_it_and_ends_with_it(shop):
    new = clients.NewClient(name="gateway", client_id="gateway", grant_types=frozenset({TOKEN_EXCHANGE}))
    added = await clients.add(new, rt=shop.rt, caller=CALLER)
    shop.secrets["gateway"] = added.secret

    async def unit(tx):
        await tx.clients._tx.run("UPDATE resource SET client_id = 'gateway' WHERE audience = :a", a=API)

    await shop.rt.store.write(unit)
    made = await make(shop)
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": made.text, "subject_token_type": ACCESS_TOKEN}
    child = (await shop.post("/token", form | shop.proof("gateway"))).json()["access_token"]
    assert (await shop.introspect(child, "gateway"))["active"]
    await personal_tokens.end(made.token.id, owner=None, reason="x", rt=shop.rt, caller=CALLER)
    assert not (await shop.introspect(child, "gateway"))["active"]


async def test_the_client_to_which_they_belong_signs_nobody_in_and_stays(shop):
    await make(shop)
    client = await shop.rt.store.read.clients.get(PERSONAL_CLIENT)
    assert not client.grant_types
    assert client.secret_digest is None
    answer = await shop.post("/token", {"grant_type": "client_credentials", "client_id": PERSONAL_CLIENT})
    assert answer.json()["error"] == "invalid_client"
    with pytest.raises(NotAllowed):
        await leaving.delete_client(PERSONAL_CLIENT, rt=shop.rt, caller=CALLER)


async def test_policies_that_nobody_has_set_stay_what_they_are(shop):
    await policies.set_policy("short", TokenPolicy(lifetime_s=60), rt=shop.rt, caller=CALLER)
    await resources.update(API, resources.ResourceChange(policy="short"), rt=shop.rt, caller=CALLER)
    made = await make(shop)
    shop.clock.advance(61)
    assert await shop.is_active(made.text)
