"""Reports of libraries: kept for the resource's own tokens, in order, once; believed in nothing that the server knows better."""

import asyncio
import base64
import json

import pytest
from site_kit import API, claims_of

from admit_server.domain.denial import OF_A_REPORTER
from admit_server.flows.admin import clients, resources
from admit_server.flows.denials import write_tally
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

OTHER = "https://other.example"
CHECKS = [{"name": "end", "expected": "later", "found": "earlier", "passed": False}]


def report(site, **changes):
    good = {"id": site.rt.new_id("den"), "code": "token_expired", "at": site.clock(), "resource": API, "checks": CHECKS}
    return good | changes


async def send(site, reports, client_id="api"):
    secret = site.secrets[client_id]
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": "application/json"}
    return await site.post("/denials", {}, content=json.dumps(reports).encode(), headers=headers)


@pytest.fixture
async def site_of_two(site):
    """A second resource with a client of its own."""
    caller = Caller(actor="test")
    added = await clients.add(clients.NewClient(name="Other", client_id="other-api"), rt=site.rt, caller=caller)
    site.secrets["other-api"] = added.secret
    await resources.add(resources.NewResource(audience=OTHER, client="other-api"), rt=site.rt, caller=caller)
    return site


async def handles(site):
    claims = claims_of((await site.tokens())["access_token"])
    return {name: claims[name] for name in ("grant", "jti", "sid")}


async def test_a_report_is_tied_to_the_people_of_its_grant(site):
    known = await handles(site)
    sent = report(site, endpoint="GET /items", network="203.0.113.9", **known)
    answer = await send(site, [sent])

    assert (answer.status_code, answer.json()) == (200, [sent["id"]])
    assert answer.headers["cache-control"] == "no-store"
    denial = await site.rt.store.read.denials.get(sent["id"])
    alice = await site.rt.store.read.users.by_username_key("alice")
    assert (denial.client_id, denial.user_id, denial.session_id) == ("web", alice.id, known["sid"])
    assert (denial.token_id, denial.grant_id, denial.reported_by) == (known["jti"], known["grant"], "api")
    assert (denial.source, denial.endpoint, denial.network) == ("library", "GET /items", "203.0.113.9")


async def test_a_report_without_handles_is_tied_to_its_resource_alone(site):
    sent = report(site)
    await send(site, [sent])
    denial = await site.rt.store.read.denials.get(sent["id"])
    assert (denial.client_id, denial.user_id, denial.resource, denial.network) == (None, None, API, "192.0.2.7")


async def test_ids_come_back_in_order_and_what_is_not_kept_is_null(site):
    sent = [report(site), report(site, grant="grt_" + "0" * 22), report(site)]
    answer = (await send(site, sent)).json()
    assert answer == [sent[0]["id"], None, sent[2]["id"]]


async def test_another_resource_can_not_speak_of_tokens_that_are_not_its_own(site_of_two):
    site, known = site_of_two, await handles(site_of_two)
    forged = report(site, resource=OTHER, **known)
    assert (await send(site, [forged], "other-api")).json() == [None]
    assert await site.rt.store.read.denials.get(forged["id"]) is None

    refused = await send(site, [report(site, **known), report(site, resource=OTHER)], "other-api")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_target")
    assert await site.rows("SELECT COUNT(*) FROM denial WHERE reported_by IS NOT NULL") == [(0,)]


async def test_a_session_that_is_not_the_grants_is_not_believed(site):
    known = await handles(site) | {"sid": "ses_" + "0" * 22}
    assert (await send(site, [report(site, **known)])).json() == [None]


async def test_sending_again_gives_the_same_answer_and_no_second_row(site):
    sent = [report(site), report(site)]
    first = await send(site, sent)
    assert (await send(site, sent)).json() == first.json() == [each["id"] for each in sent]
    assert await site.rows("SELECT COUNT(*) FROM denial") == [(2,)]


async def test_the_same_report_sent_at_once_is_kept_once(site):
    sent = [report(site)]
    answers = await asyncio.gather(*(send(site, sent) for _ in range(8)))
    assert [answer.json() for answer in answers] == [[sent[0]["id"]]] * 8
    assert await site.rows("SELECT COUNT(*) FROM denial") == [(1,)]


async def test_nobody_takes_the_id_of_anothers_refusal(site_of_two):
    site = site_of_two
    taken = (await site.own_token(scope="admin")).json()["denial_id"]
    before = await site.rt.store.read.denials.get(taken)
    assert (await send(site, [report(site, id=taken, resource=OTHER)], "other-api")).json() == [None]
    assert await site.rt.store.read.denials.get(taken) == before


async def test_a_clock_that_is_far_off_is_not_believed(site):
    now = site.clock()
    for at, kept in ((now - 60, now - 60), (now + 60, now + 60), (now - 100_000, now), (now + 1_000, now)):
        sent = report(site, at=at)
        await send(site, [sent])
        assert (await site.rt.store.read.denials.get(sent["id"])).at == kept


async def test_a_resource_reports_so_many_a_minute_and_the_rest_is_counted(site):
    batches = [[report(site) for _ in range(100)] for _ in range(OF_A_REPORTER // 100)]
    for batch in batches:
        assert None not in (await send(site, batch)).json()
    assert (await send(site, [report(site)])).json() == [None]
    assert await site.rows("SELECT code, amount FROM denial_count") == [("token_expired", 1)]
    site.clock.advance(60)
    assert (await send(site, [report(site)])).json() != [None]


async def test_a_secret_in_a_report_is_struck_out(site):
    secret = "adm_at_" + "Ab1" * 16
    sent = report(site, checks=[{"name": "token", "expected": "good", "found": f"got {secret}", "passed": False}])
    await send(site, [sent])
    assert (await site.rt.store.read.denials.get(sent["id"])).checks[0].found == "got (a token)"


async def test_a_batch_beyond_the_size_limit_is_not_read(site):
    assert (await send(site, [report(site, endpoint="x" * 150)] * 100 + ["x" * 262_144])).status_code == 413


async def test_the_server_keeps_why_a_token_is_inactive_under_the_librarys_id(site):
    token = (await site.tokens("opaque-web"))["access_token"]
    await site.post("/revoke", {"token": token, "client_id": "opaque-web"})
    number = site.rt.new_id("den")
    form = site.proof("api") | {"token": token, "denial_id": number}
    assert (await site.post("/introspect", form)).json() == {"active": False}

    sent = report(site, id=number, code="token_inactive", resource="https://opaque.example")
    assert (await send(site, [sent])).json() == [number]
    kept = await site.rt.store.read.denials.get(number)
    assert (kept.code, kept.source, kept.client_id) == ("token_revoked", "server", "opaque-web")


@pytest.mark.parametrize("number", ["", "den_x", "x" * 500, "den_" + "é" * 22])
async def test_an_id_that_is_none_is_left_out_of_account(site, number):
    form = site.proof("api") | {"token": "nonsense", "denial_id": number}
    assert (await site.post("/introspect", form)).json() == {"active": False}
    await write_tally(site.rt)
    assert await site.rows("SELECT COUNT(*) FROM denial WHERE code = 'malformed_token'") == [(1,)]


async def test_the_endpoint_stands_in_the_metadata(site):
    document = (await site.get("/.well-known/oauth-authorization-server")).json()
    assert document["denials_endpoint"] == "http://127.0.0.1:8100/denials"
