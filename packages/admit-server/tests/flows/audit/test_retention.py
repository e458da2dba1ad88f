"""Dropping old segments: what is left can be checked, and says what is gone."""

import asyncio

import pytest

from admit_server.flows.audit.retention import drop
from admit_server.flows.audit.sealing import Checkpoints, Sealer
from admit_server.flows.audit.verifying import verify
from admit_server.flows.runtime import Caller
from admit_server.tokens.audit_keys import AuditKeys

pytestmark = pytest.mark.anyio
BY = Caller(actor="cli:root")


@pytest.fixture
async def aged(long_log, clock):
    """Twelve segments, one a second; the time before which the first five were sealed, and their last event."""
    await long_log()
    return clock.now - 6


async def ends(sql, before):
    return (await sql("SELECT max(last_seq), max(number) FROM audit_segment WHERE sealed_at < :before", before=before))[
        0
    ]


async def test_whole_segments_go_and_the_rest_is_still_good(rt, sql, aged):
    last, number = await ends(sql, aged)

    gone, note = await drop(sealed_before=aged, rt=rt, caller=BY)

    assert gone == last
    assert note is not None
    assert (note.kind, note.position.seq, note.position.segment) == ("dropped", last, number)
    assert AuditKeys.of(rt.vault).genuine(note)
    assert await sql("SELECT min(seq) FROM audit_log") == [(last + 1,)]
    assert await sql("SELECT min(number) FROM audit_segment") == [(number + 1,)]
    report = await verify([], rt=rt)
    assert (report.findings, report.begins_after, report.segments) == ((), last, 7)


async def test_dropping_is_an_event_itself(rt, sealer, sql, aged):
    await drop(sealed_before=aged, rt=rt, caller=BY)
    await sealer.seal()

    newest = (await rt.store.read.audit.latest(limit=1))[0]
    assert (newest.action, newest.actor, newest.details) == ("audit.dropped", "cli:root", {"sealed_before": aged})
    assert (await verify([], rt=rt)).findings == ()


async def test_nothing_that_is_younger_goes(rt, sql, aged):
    assert await drop(sealed_before=0, rt=rt, caller=BY) == (0, None)
    first, note = await drop(sealed_before=aged, rt=rt, caller=BY)
    assert await drop(sealed_before=aged, rt=rt, caller=BY) == (0, note)
    assert first > 0


async def test_everything_may_go_and_the_chain_goes_on(rt, sealer, happen, sql, aged, clock):
    await drop(sealed_before=clock.now + 1, rt=rt, caller=BY)
    assert await sql("SELECT count(*) FROM audit_log") == [(0,)]
    assert (await verify([], rt=rt)).findings == ()

    await happen(3)
    await sealer.seal()
    report = await verify([], rt=rt)
    assert (report.findings, report.events) == ((), 4)


async def test_a_large_log_goes_in_steps_and_leaves_one_event(rt, sealer, happen, sql, clock):
    for _ in range(3):
        await happen(900)
        await sealer.seal()
    gone, _ = await drop(sealed_before=clock.now + 1, rt=rt, caller=BY)

    assert gone == 2700
    assert await sql("SELECT count(*) FROM audit_event WHERE action = 'audit.dropped'") == [(1,)]
    assert (await verify([], rt=rt)).findings == ()


async def test_older_checkpoints_are_let_be_and_younger_ones_still_compared(rt, sealer, sql, long_log, clock, witness):
    keeper = Checkpoints(sealer, witness)
    for _ in range(4):
        await long_log(1)
        await keeper.write()
    await drop(sealed_before=clock.now - 1, rt=rt, caller=BY)

    report = await verify(witness.kept, rt=rt)

    assert report.findings == ()
    assert report.checkpoints == 3  # the one at the cut can be compared too


@pytest.mark.parametrize(
    "change",
    [
        "seq = seq + 1",
        "seq = seq - 1",
        "segment = segment + 1",
        "at = at + 1",
        "link = mac",
        "mac = link",
        "signature = mac",
        "key_id = 'other'",
    ],
)
async def test_a_note_of_dropping_that_was_changed_is_found(rt, sql, aged, change):
    await drop(sealed_before=aged, rt=rt, caller=BY)
    await sql(f"UPDATE audit_dropped SET {change} WHERE id = 1")
    assert "dropped_invalid" in {f.trouble for f in (await verify([], rt=rt)).findings}


async def test_more_than_was_dropped_on_purpose_is_found(rt, sql, aged):
    last, number = await ends(sql, aged)
    await drop(sealed_before=aged, rt=rt, caller=BY)
    await sql("DELETE FROM audit_log WHERE seq = :seq", seq=last + 1)
    assert [f.seq for f in (await verify([], rt=rt)).findings] == [last + 1]

    await sql("DELETE FROM audit_segment WHERE number = :number", number=number + 1)
    found = (await verify([], rt=rt)).findings
    assert [(f.trouble, f.seq) for f in found][:1] == [("segment_missing", last + 1)]


async def test_without_its_note_a_dropped_beginning_is_a_deleted_one(rt, sql, aged):
    await drop(sealed_before=aged, rt=rt, caller=BY)
    await sql("DELETE FROM audit_dropped")
    assert [(f.trouble, f.seq) for f in (await verify([], rt=rt)).findings] == [("segment_missing", 1)]


async def test_a_note_that_is_put_back_over_a_newer_one_is_found(rt, sql, aged):
    await drop(sealed_before=aged - 2, rt=rt, caller=BY)
    await sql("CREATE TABLE keep AS SELECT * FROM audit_dropped")
    await drop(sealed_before=aged, rt=rt, caller=BY)
    await sql("DELETE FROM audit_dropped", "INSERT INTO audit_dropped SELECT * FROM keep")
    assert [f.trouble for f in (await verify([], rt=rt)).findings] == ["segment_missing"]


async def test_of_several_that_drop_at_once_each_event_goes_once(another, aged, sql):
    last, _ = await ends(sql, aged)
    runtimes = [await another() for _ in range(4)]
    done = await asyncio.gather(*(drop(sealed_before=aged, rt=rt, caller=BY) for rt in runtimes))

    assert sum(gone for gone, _ in done) == last
    assert (await verify([], rt=runtimes[0])).findings == ()


async def test_checking_goes_on_when_dropping_overtakes_it(rt, sealer, aged, clock, monkeypatch):
    from admit_server.flows.audit import verifying

    monkeypatch.setattr(verifying, "_SEGMENTS", 1)
    page, pages = verifying._page, []

    async def dropping_meanwhile(installation, after, *, rt):
        if len(pages) == 2:
            await drop(sealed_before=aged, rt=rt, caller=BY)
        pages.append(after)
        return await page(installation, after, rt=rt)

    monkeypatch.setattr(verifying, "_page", dropping_meanwhile)
    report = await verify([], rt=rt)
    assert report.findings == ()
    assert report.segments == 2 + 7
    assert await Sealer.of(rt).seal() == 1
