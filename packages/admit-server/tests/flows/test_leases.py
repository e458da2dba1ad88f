"""Leases: tokens live while their app says that it does, and never again after it stopped."""

from dataclasses import replace

import pytest
from site_kit import API, Counting, ReadOnly, Stream, claims_of, running

from admit_server.domain.errors import NotFound
from admit_server.domain.revocation import handle
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows import leases
from admit_server.flows.admin import clients, policies, sessions
from admit_server.flows.admin.effective import effective
from admit_server.flows.runtime import Caller
from admit_server.tokens import opaque
from admit_server.tokens.envelope import Vault

pytestmark = pytest.mark.anyio

BY_TEST = Caller(actor="test")
APP = "https://app.example"


async def lease_policy(site, client_id="web", **limits):
    """Let the tokens of a client hang on leases."""
    name = f"lease-of-{client_id}"
    await policies.set_policy(name, TokenPolicy(**({"lease_s": 60} | limits)), rt=site.rt, caller=BY_TEST)
    await clients.update(client_id, clients.ClientChange(policy=name), rt=site.rt, caller=BY_TEST)


async def lease(site, text, action="renew", **more):
    return await site.post("/lease", {"lease": text, "action": action} | more)


async def left(site, text, action="renew", **more):
    answer = await lease(site, text, action, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["lease_expires_in"]


async def published(site):
    return [row["handle"] for row in (await site.get("/revocations")).json()["revoked"]]


async def ends(site):
    return [event for event in await site.events() if event.action == "lease.ended"]


@pytest.fixture
async def leased(site):
    """A site whose `web` and `opaque-web` have leases of 60 s."""
    await lease_policy(site)
    await lease_policy(site, "opaque-web")
    return site


async def test_every_answer_with_tokens_carries_the_same_lease(leased):
    first = await leased.tokens()
    assert opaque.is_opaque(first["lease"], "ls")
    assert first["lease_expires_in"] == 60
    leased.clock.advance(50)
    second = (await leased.refresh(first["refresh_token"])).json()

    assert (second["lease"], second["lease_expires_in"]) == (first["lease"], 60)


async def test_without_a_lease_in_the_policy_no_answer_speaks_of_one(site):
    assert not {"lease", "lease_expires_in"} & set(await site.tokens())


async def test_the_text_of_a_lease_is_stored_nowhere(leased):
    text = (await leased.tokens())["lease"]
    ((stored,),) = await leased.rows("SELECT digest FROM lease")

    assert stored == opaque.digest(text)
    assert text.encode() not in (leased.directory / "admit.db").read_bytes()


async def test_the_text_of_a_lease_is_found_again_after_the_key_file_got_a_new_first_key(leased):
    await leased.tokens()
    ((lease_id,),) = await leased.rows("SELECT id FROM lease")
    one, other = Vault.from_keys([bytes(32)]), Vault.from_keys([b"n" * 32, bytes(32)])
    made = await leased.rt.store.read.leases.get(lease_id)
    under_one = type(made)(**{name: getattr(made, name) for name in made.__slots__} | {
        "digest": opaque.digest(next(leases.texts_of(lease_id, one)))
    })  # fmt: skip

    assert leases.text_of(under_one, other) == leases.text_of(under_one, one)
    assert leases.text_of(under_one, Vault.from_keys([b"n" * 32])) is None


@pytest.mark.parametrize("client_id", ["web", "opaque-web"])
async def test_a_token_is_refused_from_the_second_in_which_its_lease_runs_out(leased, client_id):
    token = (await leased.tokens(client_id))["access_token"]
    leased.clock.advance(59)
    assert await leased.is_active(token)
    leased.clock.advance(1)

    assert not await leased.is_active(token)
    userinfo = await leased.get("/userinfo", headers={"authorization": f"Bearer {token}"})
    assert (userinfo.status_code, userinfo.json()["error"]) == (401, "invalid_token")


async def test_renewing_keeps_it_alive_for_its_length(leased):
    tokens = await leased.tokens()
    for _ in range(5):
        leased.clock.advance(59)
        assert await left(leased, tokens["lease"]) == 60

    assert await leased.is_active(tokens["access_token"])


async def test_a_lease_that_ran_out_never_comes_back(leased):
    tokens = await leased.tokens()
    leased.clock.advance(60)

    for action in ("renew", "renew"):
        answer = await lease(leased, tokens["lease"], action)
        assert (answer.status_code, answer.json()["code"]) == (410, "lease_ended")
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await leased.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert not await leased.is_active(tokens["access_token"])


async def test_asking_for_new_tokens_renews_the_lease_in_the_same_unit(leased):
    tokens = await leased.tokens()
    for _ in range(4):
        leased.clock.advance(59)
        tokens = (await leased.refresh(tokens["refresh_token"])).json()

    assert await leased.is_active(tokens["access_token"])


async def test_quitting_leaves_15_seconds_and_a_reload_within_them_goes_on(leased):
    browser = leased.browser()
    before = await browser.tokens()
    assert await left(leased, before["lease"], "quit") == 15
    leased.clock.advance(14)
    after = await browser.tokens()

    assert after["lease"] == before["lease"]
    assert after["lease_expires_in"] == 60
    leased.clock.advance(59)
    for tokens in (before, after):
        assert await leased.is_active(tokens["access_token"])


async def test_quitting_never_lengthens_what_would_end_sooner(leased):
    text = (await leased.tokens())["lease"]
    leased.clock.advance(50)

    assert await left(leased, text, "quit") == 10
    assert await left(leased, text, "quit") == 10


async def test_a_page_that_quits_is_not_heard_once_another_one_holds_the_lease(leased):
    text = (await leased.tokens())["lease"]
    await left(leased, text, holder="first tab")
    await left(leased, text, holder="second tab")

    assert await left(leased, text, "quit", holder="first tab") == 60
    assert await left(leased, text, "quit", holder="second tab") == 15


async def test_ending_ends_at_once_and_twice_is_no_error(leased):
    tokens = await leased.tokens()
    grant = claims_of(tokens["access_token"])["grant"]
    assert await left(leased, tokens["lease"], "end") == 0
    assert await left(leased, tokens["lease"], "end") == 0
    assert await left(leased, tokens["lease"], "quit") == 0

    assert await published(leased) == [handle("grant", grant)]
    assert not await leased.is_active(tokens["access_token"])
    (event,) = await ends(leased)
    assert (event.actor, event.details) == ("web", {"because": "ended_by_app", "client": "web", "grants": 1})


async def test_all_grants_of_a_session_and_client_share_one_lease(leased):
    browser = leased.browser()
    one, two = await browser.tokens(), await browser.tokens()
    other_client = await browser.tokens("opaque-web")
    other_session = await leased.tokens()

    assert one["lease"] == two["lease"]
    assert len({tokens["lease"] for tokens in (one, other_client, other_session)}) == 3
    await left(leased, one["lease"], "end")
    for tokens, alive in ((one, False), (two, False), (other_client, True), (other_session, True)):
        assert await leased.is_active(tokens["access_token"]) is alive


async def test_a_grant_that_joins_with_a_shorter_lease_shortens_it_for_all(leased):
    browser = leased.browser()
    one = await browser.tokens()
    await lease_policy(leased, lease_s=20)
    two = await browser.tokens()

    assert (two["lease"], two["lease_expires_in"]) == (one["lease"], 20)
    leased.clock.advance(20)
    assert not await leased.is_active(one["access_token"])


async def test_after_a_lease_ran_out_the_session_gives_the_next_one_silently(leased):
    browser = leased.browser()
    before = await browser.tokens()
    leased.clock.advance(60)
    after = await browser.tokens(prompt="none")

    assert after["lease"] != before["lease"]
    assert await leased.is_active(after["access_token"])
    assert not await leased.is_active(before["access_token"])
    assert len(await ends(leased)) == 1


async def test_what_ran_out_is_ended_with_one_row_for_each_grant_with_a_jwt(leased):
    browser = leased.browser()
    grants = [claims_of((await browser.tokens())["access_token"])["grant"] for _ in range(2)]
    await browser.tokens("opaque-web")
    leased.clock.advance(60)
    await leases.end_those_run_out(rt=leased.rt)
    await leases.end_those_run_out(rt=leased.rt)

    assert sorted(await published(leased)) == sorted(handle("grant", grant) for grant in grants)
    assert {event.details["because"] for event in await ends(leased)} == {"ran_out"}
    assert len(await ends(leased)) == 2
    rows = await leased.rows("SELECT DISTINCT end_reason FROM access_grant WHERE lease_id IS NOT NULL")
    assert rows == [("lease_ended",)]


async def test_the_running_server_ends_it_by_itself(leased):
    tokens = await leased.tokens()
    leased.clock.advance(60)
    async with Stream(leased.app, "/revocations", {"accept": "text/event-stream"}) as stream:
        seen = await stream.next(within_s=2)
        while seen.type != "revoked":
            seen = await stream.next(within_s=2)

    assert seen.data["handle"] == handle("grant", claims_of(tokens["access_token"])["grant"])


async def test_leases_that_ran_out_while_no_server_ran_are_ended_after_the_start(template, tmp_path):
    async with running(template, tmp_path / "site") as site:
        await lease_policy(site)
        tokens = await site.tokens()
        now = site.clock.now
    async with running(replace(template, directory=tmp_path / "site"), tmp_path / "again") as site:
        site.clock.now = now + 61
        await leases.end_those_run_out(rt=site.rt)

        assert await published(site) == [handle("grant", claims_of(tokens["access_token"])["grant"])]


async def test_after_a_sign_out_the_end_of_the_lease_needs_no_row_of_its_own(leased):
    claims = claims_of((await leased.tokens())["access_token"])
    await sessions.end_one(claims["sid"], rt=leased.rt, caller=BY_TEST)
    leased.clock.advance(60)
    await leases.end_those_run_out(rt=leased.rt)

    assert await published(leased) == [handle("sid", claims["sid"])]


async def test_a_grant_that_outlives_its_session_is_still_ended_by_its_lease(open_site):
    async with open_site(toml="[tokens]\nend_with_session = false\n") as site:
        await lease_policy(site)
        claims = claims_of((await site.tokens())["access_token"])
        ((session,),) = await site.rows("SELECT id FROM session")
        await sessions.end_one(session, rt=site.rt, caller=BY_TEST)
        site.clock.advance(60)
        await leases.end_those_run_out(rt=site.rt)

        assert handle("grant", claims["grant"]) in await published(site)


async def test_renewals_cost_at_most_one_write_in_a_tenth_of_the_length(leased):
    text = (await leased.tokens())["lease"]
    store = Counting(leased.rt.store)
    app = leased.with_runtime(store=store)
    for _ in range(60):
        leased.clock.advance(1)
        assert (await leased.post("/lease", {"lease": text, "action": "renew"}, app=app)).status_code == 200

    assert store.writes <= 10


@pytest.mark.parametrize(
    "form",
    [{}, {"action": "renew"}, {"lease": "x"}, {"lease": "x", "action": "forget"}, {"lease": "x", "action": "Renew"}],
)
async def test_a_request_that_is_not_written_right_says_so(leased, form):
    answer = await leased.post("/lease", form)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["detail"]


async def test_a_holder_has_its_bounds(leased):
    text = (await leased.tokens())["lease"]

    assert await left(leased, text, holder="x" * 64) == 60
    for holder in ("x" * 65, "a\nb"):
        assert (await lease(leased, text, holder=holder)).json()["code"] == "invalid_request"


async def test_texts_that_are_no_lease_are_refused_like_one_that_is_over(leased):
    tokens = await leased.tokens()
    unknown = opaque.mint("ls", bytes(32))
    for text in (unknown, tokens["lease"][:-1] + "!", tokens["refresh_token"], "x"):
        for action in ("renew", "quit", "end"):
            answer = await lease(leased, text, action)
            assert (answer.status_code, answer.json()["code"]) == (410, "lease_ended")
    assert await leased.is_active(tokens["access_token"])


async def test_a_lease_opens_nothing_else(leased):
    text = (await leased.tokens())["lease"]

    assert (await leased.get("/userinfo", headers={"authorization": f"Bearer {text}"})).status_code == 401
    assert not await leased.is_active(text)
    assert (await leased.refresh(text)).json()["error"] == "invalid_grant"
    assert (await leased.redeem(text)).json()["error"] == "invalid_grant"
    await leased.post("/revoke", {"token": text, "client_id": "web"})
    assert await left(leased, text) == 60


async def test_its_answer_may_be_read_by_pages_of_its_own_client_only(leased):
    text = (await leased.tokens())["lease"]
    for origin, may in ((APP, True), ("https://third.example", False), ("https://evil.example", False)):
        for over in (False, True):
            if over:
                leased.clock.advance(60)
            answer = await leased.post("/lease", {"lease": text, "action": "renew"}, headers={"origin": origin})
            assert (answer.headers.get("access-control-allow-origin") == origin) is may
            if over:
                assert answer.status_code == 410
                text = (await leased.tokens())["lease"]


async def test_a_beacons_content_type_is_understood(leased):
    """`sendBeacon` of URLSearchParams adds the charset (Fetch, "extract a body")."""
    text = (await leased.tokens())["lease"]
    headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8", "origin": APP}
    async with leased.http() as http:
        answer = await http.post("/lease", content=f"lease={text}&action=quit", headers=headers)

    assert answer.json() == {"lease_expires_in": 15}


async def test_a_service_has_a_lease_for_each_of_its_tokens(site):
    """A lease is the life of one running program, and a service may have many."""
    await lease_policy(site, "robot")
    one, two = (await site.own_token()).json(), (await site.own_token()).json()
    assert one["lease"] != two["lease"]
    await left(site, one["lease"], "end")

    assert not await site.is_active(one["access_token"])
    assert await site.is_active(two["access_token"])
    site.clock.advance(59)
    assert await left(site, two["lease"]) == 60
    site.clock.advance(60)
    assert not await site.is_active(two["access_token"])


async def test_when_a_services_policy_loses_its_lease_its_tokens_share_a_grant_again(site):
    await lease_policy(site, "robot")
    await site.own_token()
    await clients.update("robot", clients.ClientChange(policy=None), rt=site.rt, caller=BY_TEST)
    one, two = [claims_of((await site.own_token()).json()["access_token"]) for _ in range(2)]

    assert one["grant"] == two["grant"]


async def test_the_metadata_names_the_endpoint(site):
    assert (await site.get("/.well-known/openid-configuration")).json()["lease_endpoint"].endswith("/lease")


async def test_a_full_disk_is_told_as_that(leased):
    text = (await leased.tokens())["lease"]
    leased.clock.advance(30)
    app = leased.with_runtime(store=ReadOnly(leased.rt.store))
    answer = await leased.post("/lease", {"lease": text, "action": "renew"}, app=app)

    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")


async def test_effective_shows_which_rule_set_it(leased):
    found = await effective(user=None, client="web", resource=API, rt=leased.rt)
    (limit,) = [limit for limit in found.limits if limit.name == "lease_s"]

    assert (limit.value, limit.set_by) == (60, ("client The web (policy lease-of-web)",))


async def test_a_token_made_from_one_on_a_lease_ends_with_it_and_gives_nobody_the_means_to_renew_it(leased):
    robot = await leased.tokens("opaque-web")
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": robot["access_token"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }
    await leased.rt.store.write(allow_exchange)
    answer = (await leased.post("/token", form | leased.proof("opaque-web"))).json()

    assert "lease" not in answer
    assert await leased.is_active(answer["access_token"])
    leased.clock.advance(60)
    assert not await leased.is_active(answer["access_token"])


async def allow_exchange(tx):
    types = "authorization_code refresh_token urn:ietf:params:oauth:grant-type:token-exchange"
    await tx.clients._tx.run("UPDATE client SET grant_types = :types WHERE id = 'opaque-web'", types=types)


async def test_a_session_shows_the_leases_of_its_apps_that_live(leased):
    browser = leased.browser()
    session = claims_of((await browser.tokens())["access_token"])["sid"]
    leased.clock.advance(30)
    await browser.tokens("opaque-web")
    shown = await sessions.find(session, rt=leased.rt)

    assert shown.listed.username == "alice"
    assert [(name, lease.ends_at - leased.clock()) for lease, name in shown.leases] == [
        ("The web", 30),
        ("The opaque-web", 60),
    ]
    leased.clock.advance(30)
    assert [name for _, name in (await sessions.find(session, rt=leased.rt)).leases] == ["The opaque-web"]
    with pytest.raises(NotFound):
        await sessions.find("ses_nobody", rt=leased.rt)
