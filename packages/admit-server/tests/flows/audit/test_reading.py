"""Following the log, and exporting it."""

import asyncio
import json

import pytest

from admit_server.audit_verifier import Keys
from admit_server.audit_verifier import verify as check_file
from admit_server.domain.errors import NotAllowed
from admit_server.flows.audit.reading import export, follow
from admit_server.flows.audit.retention import drop
from admit_server.flows.audit.sealing import Checkpoints, Sealer
from admit_server.flows.runtime import Caller
from admit_server.tokens.audit_keys import AuditKeys

pytestmark = pytest.mark.anyio


async def lines_of(rt, since=None):
    return [line async for line in export(since=since, rt=rt)]


@pytest.fixture
def keys(rt):
    known = AuditKeys.of(rt.vault)
    return Keys(known.secret_text() + known.public_text())


async def test_following_begins_with_the_newest_and_goes_on_without_a_server(rt, happen):
    events = await happen(4)
    stream = follow(last=2, rt=rt, every_s=0.01)
    seen = [await anext(stream), await anext(stream)]
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    events += await happen(3)
    seen += [await asyncio.wait_for(waiting, 10), await anext(stream), await anext(stream)]

    assert [entry.id for entry in seen] == [event.id for event in events[2:]]
    assert [entry.seq for entry in seen] == [3, 4, 5, 6, 7]
    await stream.aclose()


async def test_following_from_now_on_shows_nothing_that_was(rt, happen):
    old = await happen(2)
    await Sealer.of(rt).seal()
    stream = follow(last=0, rt=rt, every_s=0.01)
    waiting, new = asyncio.ensure_future(anext(stream)), []
    while not waiting.done():
        new += await happen(1)
        await asyncio.sleep(0.05)
    seen = (await waiting).id
    assert seen in {event.id for event in new}
    assert seen not in {event.id for event in old}
    await stream.aclose()


async def test_an_export_is_json_lines_that_anybody_can_check(rt, long_log, keys, sealer, witness):
    events = await long_log(30)
    await Checkpoints(sealer, witness).write()

    lines = await lines_of(rt)

    records = [json.loads(line) for line in lines]
    kinds = [record["kind"] for record in records]
    assert (kinds[0], kinds[-1], kinds.count("segment"), kinds.count("event")) == ("log", "end", 30, len(events))
    assert [record["id"] for record in records if record["kind"] == "event"] == [event.id for event in events]
    assert records[1]["details"] == events[0].details
    checked = check_file(lines, keys, witness.kept)
    assert (checked["first"], checked["last"], checked["segments"], checked["checkpoints"]) == (1, len(events), 30, 1)


async def test_an_export_holds_what_had_not_been_sealed_yet(rt, happen, keys):
    await happen(2)
    assert check_file(await lines_of(rt), keys)["last"] == 2


async def test_an_empty_log_can_be_exported(rt, keys):
    assert check_file(await lines_of(rt), keys)["last"] == 0


async def test_an_export_since_a_time_begins_with_a_whole_segment(rt, long_log, keys, clock, sql):
    await long_log(6)
    since = clock.now - 2
    ((first,),) = await sql("SELECT min(first_seq) FROM audit_segment WHERE sealed_at >= :since", since=since)

    checked = check_file(await lines_of(rt, since=since), keys)

    assert (checked["first"], checked["segments"]) == (first, 3)
    assert check_file(await lines_of(rt, since=0), keys)["first"] == 1
    assert check_file(await lines_of(rt, since=clock.now + 100), keys)["segments"] == 0


async def test_an_export_after_dropping_says_what_is_gone(rt, long_log, keys, clock):
    await long_log(6)
    gone, note = await drop(sealed_before=clock.now - 2, rt=rt, caller=Caller(actor="cli:root"))
    assert note is not None

    lines = await lines_of(rt)

    assert lines[1] == note.line()
    assert check_file(lines, keys)["first"] == gone + 1
    everything_left = check_file(await lines_of(rt, since=clock.now - 100), keys)
    assert everything_left["first"] == gone + 1


async def test_a_log_with_a_hole_is_not_exported_as_if_it_were_whole(rt, long_log, sql):
    await long_log(4)
    await sql("DELETE FROM audit_segment WHERE number = 2")
    with pytest.raises(NotAllowed, match="Segment 2 is not there"):
        await lines_of(rt)


async def test_details_that_are_no_json_are_refused_with_their_place(rt, long_log, sql):
    await long_log(1)
    await sql("UPDATE audit_log SET details = '{' WHERE seq = 1")
    with pytest.raises(NotAllowed, match="event 1"):
        await lines_of(rt)


async def test_the_keys_are_not_in_what_is_exported(rt, long_log):
    await long_log(2)
    text = "\n".join(await lines_of(rt))
    sealer = Sealer.of(rt)
    for secret in (*sealer.keys.seals.values(), *sealer.keys._seeds.values(), bytes(range(32))):
        assert secret.hex() not in text
