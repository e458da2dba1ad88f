"""A token for a weaker one."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from site_kit import API, OPAQUE_API, VERIFIER, claims_of

from admit.limits import Attempt
from admit.revocations.memory import Memory
from admit.testing import ProofKey
from admit_server.domain.descent import ACCESS_TOKEN, TOKEN_EXCHANGE
from admit_server.domain.narrowing import wanted_limits
from admit_server.domain.token_policy import TokenPolicy, combine
from admit_server.flows.admin import clients, policies, resources, sessions, users
from admit_server.flows.effective import limits_of
from admit_server.flows.revoke import end_grant_of_client
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")
GRANTS = frozenset({"authorization_code", "refresh_token", TOKEN_EXCHANGE})
ENFORCES = {"enforces": "limits"}


@pytest.fixture
async def narrower(site):
    """A public app that may exchange, and the API's own client may too."""
    app = clients.NewClient(
        name="App", client_id="app", kind="public", first_party=True, redirect_uris=("https://app.example/cb",),
        audiences=(API, OPAQUE_API), grant_types=GRANTS,
    )  # fmt: skip
    await clients.add(app, rt=site.rt, caller=CALLER)
    for client_id in ("gateway", "stranger"):
        new = clients.NewClient(name=client_id, client_id=client_id, grant_types=frozenset({TOKEN_EXCHANGE}))
        added = await clients.add(new, rt=site.rt, caller=CALLER)
        site.secrets[client_id] = added.secret
    change = resources.ResourceChange(verifier="admit")
    await resources.update(API, change, rt=site.rt, caller=CALLER)
    return site


async def exchange(site, token, client_id="app", limits=None, **form):
    form = {
        "grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN,
        **site.proof(client_id), **form,
    }  # fmt: skip
    if limits is not None:
        form["limits"] = limits if isinstance(limits, str) else json.dumps(limits)
    return await site.post("/token", form)


async def child_of(site, token, client_id="app", limits=None, **form):
    answer = await exchange(site, token, client_id, limits, **form)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


async def parent_token(site, audience=API, **params):
    return (await site.tokens("app", resource=audience, scope="notes:read notes:write", **params))["access_token"]


async def introspect(site, token, client_id="api", **form):
    return (await site.post("/introspect", {"token": token, **site.proof(client_id), **form})).json()


async def refused(answer, code="invalid_request"):
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == code
    return answer.json()


async def test_the_holder_gets_a_token_of_fewer_scopes_and_less_time(narrower):
    parent = await parent_token(narrower)
    answer = await exchange(narrower, parent, scope="notes:read", limits={"lifetime_s": 60})
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "issued_token_type"}
    assert body["issued_token_type"] == ACCESS_TOKEN
    assert (body["scope"], body["expires_in"]) == ("notes:read", 60)
    old, new = claims_of(parent), claims_of(body["access_token"])
    assert new["sub"] == old["sub"]
    assert new["sid"] == old["sid"]
    assert new["parents"] == [{"grant": old["grant"], "jti": old["jti"]}]
    assert "act" not in new
    assert new["grant"] != old["grant"]
    assert await narrower.is_active(body["access_token"])
    assert "token.exchanged" in await narrower.actions()


@pytest.mark.parametrize("audience", [API, OPAQUE_API])
async def test_what_is_not_asked_for_stays_as_it_was(narrower, audience):
    parent = await parent_token(narrower, audience)
    child = await child_of(narrower, parent)
    old, new = await introspect(narrower, parent), await introspect(narrower, child)
    for name in ("scope", "aud", "sub", "exp", "auth_time", "acr", "amr", "sid"):
        assert new[name] == old[name]


async def test_a_resource_that_was_given_a_token_acts_for_its_subject_and_says_so(narrower):
    parent = await parent_token(narrower)
    first = await child_of(narrower, parent, scope="notes:read")
    api = await narrower.rt.store.read.clients.get("api")
    assert TOKEN_EXCHANGE not in api.grant_types
    await refused(await exchange(narrower, first, "api"), "unauthorized_client")
    await attach_exchange(narrower, "api")
    second = await child_of(narrower, first, "api", limits={"lifetime_s": 30})
    claims = claims_of(second)
    assert claims["client_id"] == "api"
    assert claims["act"] == {"sub": "api"}
    assert claims["sub"] == claims_of(parent)["sub"]
    assert [each["jti"] for each in claims["parents"]] == [claims_of(parent)["jti"], claims_of(first)["jti"]]
    third = await child_of(narrower, second, "api")
    assert claims_of(third)["act"] == {"sub": "api"}


async def attach_exchange(site, client_id):
    async def unit(tx):
        await tx.clients._tx.run(
            "UPDATE client SET grant_types = :types WHERE id = :id", types=TOKEN_EXCHANGE, id=client_id
        )

    await site.rt.store.write(unit)


async def test_a_clients_own_token_keeps_its_subject_when_its_resource_acts(narrower):
    await attach_exchange(narrower, "api")
    own = (await narrower.own_token()).json()["access_token"]
    child = await child_of(narrower, own, "api")
    assert claims_of(child)["sub"] == "robot"
    assert claims_of(child)["act"] == {"sub": "api"}
    # And the shared grant of the client itself is not mistaken for the child's, nor the other way round.
    again = (await narrower.own_token()).json()["access_token"]
    assert claims_of(again)["grant"] == claims_of(own)["grant"]


async def test_nobody_else_can_exchange_it(narrower):
    parent = await parent_token(narrower)
    answer = await refused(await exchange(narrower, parent, "stranger"))
    assert set(answer) == {"error", "denial_id"}
    await refused(await exchange(narrower, parent, "web"), "unauthorized_client")


async def test_more_than_the_token_has_is_refused(narrower):
    parent = await child_of(narrower, await parent_token(narrower), scope="notes:read")
    await refused(await exchange(narrower, parent, scope="notes:write"), "invalid_scope")
    await refused(await exchange(narrower, parent, resource=OPAQUE_API), "invalid_target")
    await refused(await exchange(narrower, parent, audience="https://elsewhere.example"), "invalid_target")
    assert (await exchange(narrower, parent, resource=API, audience=API)).status_code == 200
    # A longer life is no error: the strictest holds.
    answer = await exchange(narrower, parent, limits={"lifetime_s": 86_400})
    assert answer.json()["expires_in"] == 600


@pytest.mark.parametrize(
    "form",
    [
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        {"limits": "[]"},
        {"limits": '{"lifetime_s": 60, "lifetime_s": 600}'},
        {"limits": '{"lifetime_s": "60"}'},
        {"limits": '{"lifetime_s": true}'},
        {"limits": '{"lifetime_s": 1}'},
        {"limits": '{"lifetime": 60}'},
        {"limits": '{"actions": "GET /x"}'},
        {"limits": '{"actions": []}'},
        {"limits": '{"actions": ["get x y"]}'},
        {"limits": '{"networks": ["10.0.0.1/8"]}'},
        {"subject_token": ""},
    ],
)
async def test_a_request_that_is_written_wrongly_is_refused_with_words(narrower, form):
    token = await parent_token(narrower)
    answer = await refused(await exchange(narrower, token, **form))
    assert answer["error_description"]


@pytest.mark.parametrize("audience", [API, OPAQUE_API])
async def test_a_bad_token_buys_nothing_and_nobody_is_told_why(narrower, audience):
    token = await parent_token(narrower, audience)
    await end_all(narrower)
    for bad in (token, token[:-1] + ("a" if token[-1] != "a" else "b"), "nonsense"):
        assert set(await refused(await exchange(narrower, bad))) == {"error", "denial_id"}


async def end_all(site):
    await sessions.end_all_of_user("alice", rt=site.rt, caller=CALLER)


ENDINGS = {
    "its parent alone is revoked": lambda s, t: s.post("/revoke", {"token": t, **s.proof("app")}),
    "its session ends": lambda s, t: end_all(s),
    "its person is disabled": lambda s, t: users.disable("alice", rt=s.rt, caller=CALLER),
    "the grant of its parent ends": lambda s, t: end_grant_of_token(s, t),
}


async def end_grant_of_token(site, token):
    grant = (await introspect(site, token))["grant"]
    await end_grant_of_client(grant, actor="x", reason="test", rt=site.rt, caller=CALLER)


@pytest.mark.parametrize("audience", [API, OPAQUE_API])
@pytest.mark.parametrize("ending", ENDINGS)
async def test_the_whole_tree_ends_when(narrower, ending, audience):
    parent = await parent_token(narrower, audience)
    child = await child_of(narrower, parent)
    grandchild = await child_of(narrower, child)
    assert await narrower.is_active(grandchild)
    await ENDINGS[ending](narrower, parent)
    for token in (parent, child, grandchild):
        assert not await narrower.is_active(token)
    if audience == API:
        followed = await follower_of(narrower)
        assert all(followed.revoked(claims_of(token)) for token in (parent, child, grandchild))
    await refused(await exchange(narrower, child))


async def follower_of(site):
    memory = Memory()
    for each in await site.rt.store.read.feed.live(now=site.clock()):
        memory.add({"handle": each.handle, "until": each.until})
    return memory


async def test_ending_a_child_leaves_its_parent(narrower):
    parent = await parent_token(narrower)
    child = await child_of(narrower, parent)
    await narrower.post("/revoke", {"token": child, **narrower.proof("app")})
    assert not await narrower.is_active(child)
    assert await narrower.is_active(parent)


async def test_generations_are_bounded(narrower):
    token = await parent_token(narrower)
    for _ in range(4):
        token = await child_of(narrower, token)
    assert await narrower.is_active(token)
    await refused(await exchange(narrower, token))


async def counted(site, uses, **limits):
    limits = TokenPolicy(max_uses=uses, **limits)
    await policies.set_policy("counted", limits, rt=site.rt, caller=CALLER)
    await clients.update("app", clients.ClientChange(policy="counted"), rt=site.rt, caller=CALLER)


async def uses_of(site, token):
    """Use it until it is refused."""
    count = 0
    while (await introspect(site, token, **ENFORCES))["active"]:
        count += 1
    return count


@pytest.mark.parametrize("audience", [API, OPAQUE_API])
async def test_the_uses_of_a_child_are_taken_from_its_parent(narrower, audience):
    await counted(narrower, 10)
    parent = await parent_token(narrower, audience)
    await refused(await exchange(narrower, parent))
    child = await child_of(narrower, parent, limits={"max_uses": 4})
    grandchild = await child_of(narrower, child, limits={"max_uses": 1})
    await refused(await exchange(narrower, parent, limits={"max_uses": 7}))
    assert await uses_of(narrower, grandchild) == 1
    assert await uses_of(narrower, child) == 3
    assert await uses_of(narrower, parent) == 6


async def test_of_many_exchanges_at_once_no_use_is_given_away_twice(narrower):
    await counted(narrower, 10)
    parent = await parent_token(narrower)
    answers = await asyncio.gather(*(exchange(narrower, parent, limits={"max_uses": 1}) for _ in range(40)))
    assert sorted(a.status_code for a in answers) == [200] * 10 + [400] * 30
    assert await uses_of(narrower, parent) == 0


async def test_a_child_never_outlives_the_idle_time_of_its_parent(narrower):
    await policies.set_policy("idle", TokenPolicy(idle_timeout_s=60), rt=narrower.rt, caller=CALLER)
    await clients.update("app", clients.ClientChange(policy="idle"), rt=narrower.rt, caller=CALLER)
    parent = await parent_token(narrower)
    narrower.clock.advance(30)
    answer = await exchange(narrower, parent)
    assert answer.json()["expires_in"] == 60
    narrower.clock.advance(59)
    assert (await introspect(narrower, parent, **ENFORCES))["active"]
    narrower.clock.advance(60)
    await refused(await exchange(narrower, parent))


async def test_a_child_of_one_action_can_do_no_other(narrower):
    parent = await parent_token(narrower)
    child = await child_of(narrower, parent, limits={"actions": ["GET /notes/7"]})
    told = {"request_method": "GET", "request_path": "/notes/7"}
    assert (await introspect(narrower, child, **told))["active"]
    assert not (await introspect(narrower, child, **told | {"request_path": "/notes/8"}))["active"]


async def test_a_child_of_an_opaque_token_is_opaque_whatever_the_resource_says_by_then(narrower):
    parent = await parent_token(narrower, OPAQUE_API)
    change = resources.ResourceChange(format="jwt")
    await resources.update(OPAQUE_API, change, rt=narrower.rt, caller=CALLER)
    assert (await child_of(narrower, parent)).startswith("adm_at_")


async def test_expired_children_are_forgotten_after_a_day(narrower):
    child = await child_of(narrower, await parent_token(narrower))
    narrower.clock.advance(600 + 86_400)
    await narrower.rt.store.write(lambda tx: tx.sweeping.sweep(now=narrower.clock(), limit=100))
    assert await narrower.rt.store.read.grants.get(claims_of(child)["grant"]) is None


PATHS = ("/a", "/b", "/a/b", "/c")
ACTIONS = st.lists(st.sampled_from(["GET /a", "* /b", "GET /**", "POST /a/*", "GET /c"]), min_size=1, max_size=3)
NETWORKS = st.lists(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"]), min_size=1, max_size=2)
HOURS = st.lists(st.sampled_from(["mon-fri 08:00-18:00 UTC", "sat 00:00-24:00 UTC"]), min_size=1, max_size=2)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "lifetime_s": st.integers(30, 86_400),
        "max_uses": st.integers(1, 1000),
        "idle_timeout_s": st.integers(10, 86_400),
        "actions": ACTIONS,
        "networks": NETWORKS,
        "hours": HOURS,
    },
)
ATTEMPTS = st.builds(
    Attempt,
    method=st.sampled_from(["GET", "POST"]),
    path=st.sampled_from(PATHS),
    address=st.sampled_from(["10.0.0.1", "10.1.2.3", "192.0.2.9", "203.0.113.1"]),
)


@given(st.lists(WANTED, min_size=2, max_size=4), ATTEMPTS, st.integers(1_700_000_000, 1_700_700_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_asked_for_a_child_never_may_what_its_parent_may_not(generations, attempt, now):
    chain = [wanted_limits(wanted) for wanted in generations]
    for count in range(1, len(chain)):
        parent, child = combine(("", p) for p in chain[:count]), combine(("", p) for p in chain[: count + 1])
        for name in ("lifetime_s", "max_uses", "idle_timeout_s"):
            old, new = getattr(parent, name), getattr(child, name)
            assert old is None or (new is not None and new <= old)
        if limits_of(parent).violation(attempt, now=now) is not None:
            assert limits_of(child).violation(attempt, now=now) is not None


TOKEN_URL = "http://127.0.0.1:8100/token"


async def exchange_with_proof(site, token, key, client_id="app"):
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN}
    headers = {"DPoP": key.proof("POST", TOKEN_URL)} if key else {}
    return await site.post("/token", form | site.proof(client_id), headers=headers)


async def bound_token(site, key):
    code = await site.browser().code("app", resource=API, scope="notes:read")
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, **site.proof("app")}
    answer = await site.post("/token", form, headers={"DPoP": key.proof("POST", TOKEN_URL)})
    return answer.json()["access_token"]


async def test_a_bound_token_is_exchanged_by_its_holder_alone_and_for_a_bound_one(narrower):
    key, thief = ProofKey(clock=narrower.clock), ProofKey(clock=narrower.clock)
    parent = await bound_token(narrower, key)

    for by in (None, thief):
        await refused(await exchange_with_proof(narrower, parent, by))
    child = (await exchange_with_proof(narrower, parent, key)).json()
    assert child["token_type"] == "DPoP"
    assert claims_of(child["access_token"])["cnf"] == {"jkt": key.jkt}


async def test_a_resource_exchanges_a_bound_token_for_one_that_is_bound_to_its_own_key(narrower):
    key, own = ProofKey(clock=narrower.clock), ProofKey(clock=narrower.clock)
    parent = await bound_token(narrower, key)
    await attach_exchange(narrower, "api")

    await refused(await exchange_with_proof(narrower, parent, None, "api"), "invalid_dpop_proof")
    child = (await exchange_with_proof(narrower, parent, own, "api")).json()
    assert claims_of(child["access_token"])["cnf"] == {"jkt": own.jkt}
