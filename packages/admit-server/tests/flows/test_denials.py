"""Refusals: known clients get a number, strangers are counted."""

import json

import pytest
from site_kit import ReadOnly

from admit_server.flows.denials import write_tally

pytestmark = pytest.mark.anyio


async def test_a_client_that_proved_itself_gets_the_number_of_its_refusal(site):
    answer = await site.own_token(scope="admin")
    number = answer.json()["denial_id"]
    rows = await site.rows("SELECT id, code, endpoint, client_id, network, checks FROM denial")
    assert [row[:5] for row in rows] == [(number, "invalid_scope", "/token", "robot", "192.0.2.7")]
    name, _, found, passed = json.loads(rows[0][5])[0]
    assert (name, passed) == ("invalid_scope", False)
    assert "admin" in found


async def test_strangers_and_public_clients_get_no_row_however_often_they_ask(site):
    """They must not fill the table."""
    for _ in range(5):
        await site.post("/token", {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "web"})
        await site.post("/token", {"grant_type": "x"})
    assert await site.rows("SELECT COUNT(*) FROM denial") == [(0,)]
    await write_tally(site.rt)
    counted = await site.rows("SELECT code, network, amount FROM denial_count ORDER BY code")
    assert counted == [("invalid_client", "192.0.2.7", 5), ("invalid_grant", "192.0.2.7", 5)]


async def test_counts_of_a_minute_add_up(site):
    for _ in range(2):
        await site.post("/token", {"grant_type": "x"})
        await write_tally(site.rt)
    assert await site.rows("SELECT amount FROM denial_count") == [(2,)]


async def test_counts_survive_a_database_that_can_not_be_written_for_a_while(site):
    from admit_server.ports.store import StoreUnavailable

    await site.post("/token", {"grant_type": "x"})
    broken = site.with_runtime(store=ReadOnly(site.rt.store)).site.rt
    with pytest.raises(StoreUnavailable):
        await write_tally(broken)
    await write_tally(site.rt)
    assert await site.rows("SELECT amount FROM denial_count") == [(1,)]


async def test_a_flood_from_many_networks_stays_bounded_in_memory():
    from admit_server.flows.runtime import Tally

    tally = Tally()
    for number in range(12_000):
        tally.count("invalid_client", f"net-{number}", minute=1)
    taken = tally.take()
    assert len(taken) <= 10_001
    assert sum(taken.values()) == 12_000
    assert tally.take() == {}
