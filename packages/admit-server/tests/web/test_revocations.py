"""`GET /revocations`, to the letter of docs/reference/revocation-feed.md."""

import asyncio
import base64
import hashlib

import pytest
from site_kit import Stream, Unavailable, claims_of

from admit_server.flows.logout import end_session_now
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

SSE = {"accept": "text/event-stream"}


def handle(kind: str, value: str) -> str:
    """As the reference says it, written out again."""
    digest = hashlib.sha256(kind.encode() + b"\x00" + value.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def revoke_some(site, times=1):
    """End that many access tokens; the handles, oldest first."""
    handles = []
    for _ in range(times):
        token = (await site.own_token()).json()["access_token"]
        assert (await site.post("/revoke", {"token": token} | site.proof("robot"))).status_code == 200
        handles.append(handle("jti", claims_of(token)["jti"]))
    return handles


async def page(site, after=None, **headers):
    query = f"?after={after}" if after is not None else ""
    return await site.get("/revocations" + query, headers=headers)


# JSON --------------------------------------------------------------------------------------------------------------------


async def test_without_a_position_the_whole_snapshot_comes(site):
    handles = await revoke_some(site, 3)
    answer = await page(site)
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=1"
    assert set(body) == {"reset", "position", "as_of", "revoked"}
    assert body["reset"] is True
    assert body["as_of"] == site.clock()
    assert [row["handle"] for row in body["revoked"]] == handles
    assert all(set(row) == {"handle", "until"} for row in body["revoked"])
    assert body["revoked"][0]["until"] == site.clock() + 600 + 60  # the greatest leeway included
    assert body["position"].startswith("3.")


async def test_after_a_position_only_what_came_later_comes(site):
    before = (await page(site)).json()["position"]
    assert before.startswith("0.")
    handles = await revoke_some(site, 2)
    body = (await page(site, before)).json()
    assert body["reset"] is False
    assert [row["handle"] for row in body["revoked"]] == handles
    again = (await page(site, body["position"])).json()
    assert (again["reset"], again["revoked"], again["position"]) == (False, [], body["position"])


@pytest.mark.parametrize("position", ["999.abc", "1.wrongnonce", "0.wrongnonce"])
async def test_a_well_formed_position_that_is_unknown_gets_a_snapshot(site, position):
    handles = await revoke_some(site)
    body = (await page(site, position)).json()
    assert body["reset"] is True
    assert [row["handle"] for row in body["revoked"]] == handles


@pytest.mark.parametrize("position", ["x", "1", "1.", ".abc", "-1.abc", "1.a%20b", "1.%C3%BC", "9" * 30 + ".abc"])
async def test_what_is_no_position_is_400_with_its_code(site, position):
    for headers in ({}, SSE):
        answer = await page(site, position, **headers)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "invalid_position"
    async with Stream(site.app, "/revocations", SSE | {"last-event-id": "x"}) as stream:
        assert stream.status == 400


async def test_more_than_a_page_behind_gets_a_snapshot_that_misses_nothing(site):
    before = (await page(site)).json()["position"]

    async def unit(tx):
        for number in range(250):
            await tx.feed.publish(f"handle-{number:017}", until=site.clock() + 600, nonce="n1", now=site.clock())

    await site.rt.store.write(unit)
    body = (await page(site, before)).json()
    assert body["reset"] is True
    assert len(body["revoked"]) == 250
    assert (await page(site, body["position"])).json()["revoked"] == []


async def test_a_cache_never_mixes_up_the_two_forms_nor_two_followers(site):
    """An answer may be kept for a second, so nothing but the address and Accept may change it."""
    await revoke_some(site)
    plain = await page(site)
    assert "accept" in plain.headers["vary"].lower()
    newest = plain.json()["position"]
    with_header = await page(site, **{"last-event-id": newest})
    assert with_header.json()["reset"] is True
    assert with_header.json()["revoked"] == plain.json()["revoked"]


async def test_both_forms_may_be_read_from_anywhere(site):
    for headers in ({}, {"origin": "https://anybody.example"}):
        answer = await page(site, **headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        async with Stream(site.app, "/revocations", SSE | headers) as stream:
            assert stream.headers["access-control-allow-origin"] == "*"


async def test_rows_that_matter_no_more_are_not_in_the_snapshot(site):
    await revoke_some(site)
    site.clock.advance(659)
    assert len((await page(site)).json()["revoked"]) == 1
    site.clock.advance(1)
    assert (await page(site)).json()["revoked"] == []


async def test_the_emergency_rule_names_a_time_instead_of_a_handle(site):
    now = site.clock()
    token = (await site.own_token()).json()["access_token"]

    async def everything(tx):
        await tx.feed.publish_before(now, until=now + 3600, nonce="n1", now=now)

    await site.rt.store.write(everything)
    assert (await page(site)).json()["revoked"] == [{"before": now, "until": now + 3600}]
    async with Stream(site.app, "/revocations", SSE) as stream:
        events = await stream.until("caught-up")
        assert events[1].data == {"before": now, "until": now + 3600}
    assert not await site.is_active(token)
    site.clock.advance(1)
    assert await site.is_active((await site.own_token()).json()["access_token"])


# Streams -----------------------------------------------------------------------------------------------------------------


async def test_a_stream_begins_with_reset_snapshot_and_caught_up_and_only_the_last_has_an_id(site):
    handles = await revoke_some(site, 2)
    async with Stream(site.app, "/revocations", SSE) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        events = await stream.until("caught-up")
    assert [event.type for event in events] == ["reset", "revoked", "revoked", "caught-up"]
    assert events[0].data == {}
    assert [event.data["handle"] for event in events[1:3]] == handles
    assert [event.id for event in events[:3]] == [None, None, None]
    assert events[3].id == (await page(site)).json()["position"]
    assert events[3].data == {"as_of": site.clock()}


async def test_an_empty_feed_begins_at_zero(site):
    async with Stream(site.app, "/revocations", SSE) as stream:
        reset, caught_up = await stream.until("caught-up")
    assert reset.type == "reset"
    assert caught_up.id.startswith("0.")


async def test_what_is_revoked_later_comes_at_once_with_its_position(site):
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        handles = await revoke_some(site, 2)
        events = []
        while len(events) < 2:
            event = await stream.next(within_s=3)
            if event.type == "revoked":
                events.append(event)
    assert [event.data["handle"] for event in events] == handles
    assert [event.id.split(".")[0] for event in events] == ["1", "2"]


@pytest.mark.parametrize("how", ["header", "query", "header before query"])
async def test_a_stream_resumes_from_a_position(site, how):
    await revoke_some(site, 1)
    position = (await page(site)).json()["position"]
    handles = await revoke_some(site, 2)
    headers = SSE | ({"last-event-id": position} if how != "query" else {})
    path = "/revocations" + (f"?after={position}" if how == "query" else "?after=1.unknown" if "before" in how else "")
    async with Stream(site.app, path, headers) as stream:
        events = await stream.until("caught-up")
    assert [event.type for event in events] == ["revoked", "revoked", "caught-up"]
    assert [event.data["handle"] for event in events[:2]] == handles
    assert [event.id for event in events[1:]] == [(await page(site)).json()["position"]] * 2


async def test_an_unknown_position_is_told_by_a_reset(site):
    await revoke_some(site)
    async with Stream(site.app, "/revocations", SSE | {"last-event-id": "7.gone"}) as stream:
        assert (await stream.next()).type == "reset"


async def test_a_heartbeat_carries_the_followers_own_position_and_the_time_of_the_last_look(site):
    await revoke_some(site)
    async with Stream(site.app, "/revocations", SSE) as stream:
        position = (await stream.until("caught-up"))[-1].id
        site.clock.advance(7)
        beat = (await stream.until("heartbeat"))[-1]
        assert beat.id is None
        assert set(beat.data) == {"head", "as_of"}
        assert beat.data["head"] == position
        assert site.clock() - 7 <= beat.data["as_of"] <= site.clock()


async def test_two_followers_hear_the_same(site):
    async with Stream(site.app, "/revocations", SSE) as one, Stream(site.app, "/revocations", SSE) as two:
        for stream in (one, two):
            await stream.until("caught-up")
        await revoke_some(site)
        heard = [(await stream.until("revoked"))[-1] for stream in (one, two)]
        assert heard[0] == heard[1]


async def test_too_many_streams_of_one_network_get_429_and_one_that_ends_makes_room(open_site):
    async with (
        open_site(toml="[feed]\nstreams_per_network = 2\n") as site,
        Stream(site.app, "/revocations", SSE) as first,
    ):
        await first.until("caught-up")
        async with Stream(site.app, "/revocations", SSE) as second:
            await second.until("caught-up")
            async with Stream(site.app, "/revocations", SSE) as third:
                assert third.status == 429
                assert int(third.headers["retry-after"]) > 0
                assert third.headers["content-type"] == "application/problem+json"
            async with Stream(site.app, "/revocations", SSE, address="198.51.100.9") as elsewhere:
                assert elsewhere.status == 200
            assert (await page(site)).status_code == 200  # polling goes on
        async with Stream(site.app, "/revocations", SSE) as again:
            assert again.status == 200


async def test_a_follower_that_goes_ends_its_stream(site):
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        stream._gone.set()
        await stream.finished(within_s=3)


async def test_all_streams_end_at_once_when_the_server_closes(site):
    streams = [Stream(site.app, "/revocations", SSE) for _ in range(5)]
    for stream in streams:
        await stream.__aenter__()
        await stream.until("caught-up")
    site.server.hub.close()
    await asyncio.gather(*(stream.finished(within_s=2) for stream in streams))
    for stream in streams:
        await stream.__aexit__()


async def test_a_database_that_can_not_answer_is_503_while_it_can_still_be_said(site):
    hub = site.server.hub
    healthy = hub.rt
    from dataclasses import replace

    hub.rt = replace(healthy, store=Unavailable())
    try:
        for headers in ({}, SSE):
            async with Stream(site.app, "/revocations", headers) as stream:
                await stream.finished()
                assert stream.status == 503
                assert stream.headers["content-type"] == "application/problem+json"
                assert stream.headers["retry-after"]
    finally:
        hub.rt = healthy
    async with Stream(site.app, "/revocations", SSE) as stream:
        assert stream.status == 200


async def test_the_feed_tells_a_stranger_nothing_but_handles(site):
    browser = site.browser()
    tokens = await browser.tokens()
    session = claims_of(tokens["access_token"])["sid"]
    await end_session_now(session, reason="logout", actor="", rt=site.rt, caller=Caller())
    text = (await page(site)).text
    for secret in (session, "alice", claims_of(tokens["access_token"])["sub"], "logout", tokens["access_token"]):
        assert secret not in text
    assert handle("sid", session) in text
