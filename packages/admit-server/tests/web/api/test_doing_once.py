"""Idempotency keys and dry runs."""

import asyncio

import pytest
from site_kit import API

from admit_server.domain.administration import ALL

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


async def test_of_twenty_requests_with_one_key_one_acts_and_all_get_its_answer(api, site):
    answers = await asyncio.gather(*(api.post("/users", {"username": "carol"}, headers=KEY) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotent-replayed", "") for answer in answers).count("") == 1
    assert (await site.actions()).count("user.added") == 2  # root, and carol once


async def test_a_key_of_another_request_is_refused(api):
    await api.post("/users", {"username": "carol"}, headers=KEY)

    answer = await api.post("/users", {"username": "dora"}, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (await api.get("/users/dora")).status_code == 404


async def test_a_refusal_is_not_remembered(api, site):
    assert (await api.post("/users", {"username": "alice"}, headers=KEY)).status_code == 409

    assert (await api.post("/users", {"username": "carol"}, headers=KEY)).status_code == 201


async def test_keys_of_two_people_have_nothing_to_do_with_each_other(api, people):
    helper = await people.helper("users:write")
    await api.post("/users", {"username": "carol"}, headers=KEY)

    answer = await helper.post("/users", {"username": "dora"}, headers=KEY)

    assert answer.status_code == 201


async def test_a_token_that_may_less_does_not_get_the_answer_of_one_that_may_more(api, people, site):
    door = {"name": "Door", "audiences": [f"{site.rt.issuer}/api/v1"], "scopes": ["keys:write"]}
    assert (await api.post("/clients", door, headers=KEY)).status_code == 201
    narrow = await people.with_token("root", "clients:write")

    answer = await narrow.post("/clients", door, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    again = await people.with_token("root", *ALL)
    assert (await again.post("/clients", door, headers=KEY)).headers["idempotent-replayed"] == "true"


async def test_after_a_day_a_key_is_new(api, site, people):
    await api.post("/users", {"username": "carol"}, headers=KEY)
    site.clock.advance(86_400)
    later = await people.with_token("root", "users:write")

    assert (await later.post("/users", {"username": "dora"}, headers=KEY)).status_code == 201


async def test_what_is_kept_of_an_answer_can_not_be_read_without_the_key_file(api, site):
    await api.post("/users", {"username": "carol"}, headers=KEY)

    [(_, digest, answer)] = await site.rows("SELECT holder, key_digest, answer FROM act_answer")
    assert b"carol" not in answer
    assert b"8e03978e" not in digest


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ünreadable"])
async def test_a_key_that_is_none_is_refused(api, key):
    answer = await api.post("/users", {"username": "carol"}, headers={"Idempotency-Key": key.encode()})

    assert (answer.status_code, answer.json().get("field")) == (400, "Idempotency-Key")


async def test_a_dry_run_says_what_would_be_written_and_writes_nothing(api, site):
    hashed = site.hasher.hashed

    answer = await api.post("/users?dry_run=true", {"username": "carol", "password": "carols sturdy phrase"})

    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["result"]["username"]) == (200, True, "carol")
    assert [event["action"] for event in told["events"]] == ["user.added"]
    assert (await api.get("/users/carol")).status_code == 404
    assert "user.added" not in (await site.actions())[:1]
    assert site.hasher.hashed == hashed


async def test_a_dry_run_of_a_token_is_no_decision_that_a_policy_is_tried_on(api, site):
    asked = {"user": "alice", "client": "web", "resource": API, "scopes": ["notes:read"]}
    site.rt.decisions.take()

    assert (await api.post("/tokens?dry_run=true", asked)).status_code == 200
    assert "issue" not in {each.kind for each in site.rt.decisions.take()[0]}
    assert (await api.post("/tokens", asked)).status_code == 201
    assert [each.kind for each in site.rt.decisions.take()[0]].count("issue") == 1


async def test_a_dry_run_refuses_what_would_be_refused(api):
    assert (await api.post("/users?dry_run=true", {"username": "alice"})).json()["code"] == "already_exists"
