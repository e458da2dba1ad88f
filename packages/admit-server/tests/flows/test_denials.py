"""Refusals: known clients' are kept with their checks, strangers' are counted and sampled."""

import asyncio
import json

import pytest
from site_kit import ReadOnly

from admit_server.domain.denial import OF_A_CLIENT
from admit_server.flows.denials import record_code, write_tally
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


async def test_a_client_that_proved_itself_gets_the_number_of_its_refusal(site):
    answer = await site.own_token(scope="admin")
    number = answer.json()["denial_id"]
    rows = await site.rows("SELECT id, code, endpoint, client_id, network, checks FROM denial")
    assert [row[:5] for row in rows] == [(number, "invalid_scope", "/token", "robot", "192.0.2.7")]
    checks = json.loads(rows[0][5])
    assert [(name, passed) for name, _, _, passed in checks] == [
        ("client", True),
        ("client is enabled", True),
        ("client secret", True),
        ("grant type", True),
        ("resource", True),
        ("scope", False),
    ]
    assert checks[-1][1:3] == ["notes:read notes:write", "admin"]


async def test_strangers_and_public_clients_get_no_row_however_often_they_ask(site):
    """They must not fill the table: three samples of a kind, apart, and the rest is a number."""
    for _ in range(5):
        await site.post("/token", {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "web"})
        await site.post("/token", {"grant_type": "x"})
    assert await site.rows("SELECT COUNT(*) FROM denial") == [(0,)]
    await write_tally(site.rt)
    counted = await site.rows("SELECT code, network, amount FROM denial_count ORDER BY code")
    assert counted == [("invalid_client", "192.0.2.7", 5), ("invalid_grant", "192.0.2.7", 5)]
    assert await site.rows("SELECT code, COUNT(*) FROM denial_sample GROUP BY code ORDER BY code") == [
        ("invalid_client", 3),
        ("invalid_grant", 3),
    ]


async def test_a_client_fills_so_many_rows_a_minute_and_no_more(site):
    for _ in range(OF_A_CLIENT + 5):
        answer = await site.own_token(scope="admin")
        assert "denial_id" in answer.json()
    assert await site.rows("SELECT COUNT(*) FROM denial") == [(OF_A_CLIENT,)]
    await write_tally(site.rt)
    assert await site.rows("SELECT code, amount FROM denial_count") == [("invalid_scope", 5)]

    site.clock.advance(60)
    await site.own_token(scope="admin")
    assert await site.rows("SELECT COUNT(*) FROM denial") == [(OF_A_CLIENT + 1,)]


async def test_a_token_of_ours_ties_the_refusal_of_a_public_client_to_its_people(site):
    tokens = await site.tokens()
    site.clock.advance(90 * 86_400)
    number = (await site.refresh(tokens["refresh_token"])).json()["denial_id"]

    denial = await site.rt.store.read.denials.get(number)
    alice = await site.rt.store.read.users.by_username_key("alice")
    assert (denial.client_id, denial.user_id, denial.resource) == ("web", alice.id, "https://api.example")
    assert denial.grant_id.startswith("grt_")


async def test_a_refused_sign_in_takes_the_same_writes_for_known_and_unknown_names(site):
    """What is kept of a known name is written later: the time of an answer must not tell who has an account."""
    from site_kit import Counting

    numbers, writes = [], []
    for name in ("alice", "nobody-here"):
        store = Counting(site.rt.store)
        page = await site.browser(app=site.with_runtime(store=store)).sign_in(username=name, password="x" * 15)
        numbers.append(page.text.split("den_")[1][:22])
        writes.append(store.writes)
    assert writes[0] == writes[1]
    await write_tally(site.rt)
    kept = [await site.rt.store.read.denials.get(f"den_{number}") for number in numbers]
    assert [(denial.checks[-1].name, denial.checks[-1].passed) for denial in kept] == [
        ("proof", False),
        ("user name", False),
    ]
    assert kept[0].user_id is not None
    assert kept[1].user_id is None


async def test_a_database_that_can_not_write_leaves_the_refusal_as_it_is(site):
    app = site.with_runtime(store=ReadOnly(site.rt.store))
    answer = await site.post(
        "/token", {"grant_type": "client_credentials", "scope": "admin"} | site.proof("robot"), app=app
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert site.rt.tally.take() == {("invalid_target", "192.0.2.7", site.clock.now // 60): 1}


async def test_an_id_that_is_taken_keeps_what_stands_there(site):
    caller = Caller(network="192.0.2.9")
    caller.trail.client_id, caller.trail.proved = "robot", True
    for code in ("first_code", "second_code"):
        await record_code(code, endpoint="/x", rt=site.rt, caller=caller, denial_id="den_" + "a" * 22)
    assert (await site.rt.store.read.denials.get("den_" + "a" * 22)).code == "first_code"


async def test_a_server_that_ends_writes_what_it_has_counted(open_site):
    from site_kit import look_into

    async with open_site() as running:
        directory = running.directory
        await asyncio.sleep(0)  # the housekeeping begins
        await running.post("/token", {"grant_type": "x"})
    assert await look_into(directory / "admit.db", "SELECT COUNT(*) FROM denial_sample") == [(1,)]


async def test_counts_of_a_minute_add_up(site):
    for _ in range(2):
        await site.post("/token", {"grant_type": "x"})
        await write_tally(site.rt)
    assert await site.rows("SELECT amount FROM denial_count") == [(2,)]


async def test_counts_survive_a_database_that_can_not_be_written_for_a_while(site):
    from admit_server.ports.store import StoreUnavailable

    number = (await site.post("/token", {"grant_type": "x"})).json()["denial_id"]
    broken = site.with_runtime(store=ReadOnly(site.rt.store)).site.rt
    with pytest.raises(StoreUnavailable):
        await write_tally(broken)
    await write_tally(site.rt)
    assert await site.rows("SELECT amount FROM denial_count") == [(1,)]
    assert await site.rt.store.read.denials.get(number) is not None
