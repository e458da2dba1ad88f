"""Scopes that roles name are given to people with such a role, through every step of a sign-in."""

import pytest
from site_kit import answer_of, claims_of, hidden_fields

from admit_server.flows.admin import roles, users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
BY_TEST = Caller(actor="test")
ASKED = "openid notes:read notes:write"


@pytest.fixture
async def guarded(site):
    """From now on only writers may write."""
    await roles.add("writer", policy=None, scopes=frozenset({"notes:write"}), rt=site.rt, caller=BY_TEST)
    return site


async def give(site, *held):
    await users.update("alice", users.UserChange(roles=held), rt=site.rt, caller=BY_TEST)


async def test_less_than_was_asked_for_is_given_and_told(guarded):
    tokens = await guarded.tokens(scope=ASKED)

    assert tokens["scope"] == "notes:read openid" == claims_of(tokens["access_token"])["scope"]


async def test_who_has_the_role_gets_its_scope(guarded):
    await give(guarded, "writer")

    assert (await guarded.tokens(scope=ASKED))["scope"] == "notes:read notes:write openid"


async def test_whoever_asks_for_nothing_else_is_refused(guarded):
    browser = guarded.browser()
    await browser.sign_in()

    answer = await browser.authorize(scope="notes:write")

    assert answer_of(answer)["error"] == "invalid_scope"
    assert "notes:write" not in answer.headers["location"]


async def test_a_role_that_is_taken_away_ends_what_it_gave_and_leaves_the_rest(guarded):
    await give(guarded, "writer", "editor")
    strong, weak = await guarded.tokens(scope=ASKED), await guarded.tokens(scope="openid notes:read")

    await give(guarded, "editor")

    assert not await guarded.is_active(strong["access_token"])
    assert (await guarded.refresh(strong["refresh_token"])).status_code == 400
    assert await guarded.is_active(weak["access_token"])


async def test_a_refresh_gives_what_the_roles_allow_by_then(site):
    tokens = await site.tokens(scope=ASKED)
    await roles.add("writer", policy=None, scopes=frozenset({"notes:write"}), rt=site.rt, caller=BY_TEST)

    refreshed = (await site.refresh(tokens["refresh_token"])).json()

    assert refreshed["scope"] == "notes:read openid"


async def test_nobody_is_asked_to_agree_to_what_they_would_not_get(guarded):
    browser = guarded.browser()
    await browser.sign_in()
    step = await browser.authorize("third", scope=ASKED)

    page = await browser.get(step.headers["location"])

    assert "Read your notes" in page.text
    assert "Write your notes" not in page.text
    allowed = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
    assert "code" in answer_of(allowed)


async def test_the_role_admin_opens_the_api_by_a_sign_in_too(site):
    from admit_server.flows.admin import clients

    audience = f"{site.rt.issuer}/api/v1"
    new = clients.NewClient(
        name="Console",
        client_id="console",
        kind="public",
        first_party=True,
        redirect_uris=("https://app.example/cb",),
        audiences=(audience,),
    )
    await clients.add(new, rt=site.rt, caller=BY_TEST)
    await give(site, "admin")

    tokens = await site.tokens("console", scope="openid users:read")

    answer = await site.get("/api/v1/users", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 200
    await give(site)
    answer = await site.get("/api/v1/users", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 401
