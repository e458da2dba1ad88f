"""The sealer: order, races, crashes, late commits."""

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import asyncpg
import pytest

from admit_server.domain.audit_chain import Mark, genesis
from admit_server.flows.audit.sealing import Checkpoints, Sealer
from admit_server.flows.audit.verifying import verify
from admit_server.tokens.audit_keys import AuditKeys

pytestmark = pytest.mark.anyio


async def sealed_ids(sql):
    return [row[0] for row in await sql("SELECT id FROM audit_log ORDER BY seq")]


async def test_events_get_numbers_without_gaps_in_the_order_in_which_they_were_written(rt, sealer, happen, clock, sql):
    first = await happen(3)
    second = await happen(2, together=False)
    assert await sealer.seal() == 5
    clock.now += 1
    third = await happen(1)
    assert await sealer.seal() == 1

    assert await sql("SELECT seq, id FROM audit_log ORDER BY seq") == [
        (number, event.id) for number, event in enumerate(first + second + third, 1)
    ]
    assert await sql("SELECT count(*) FROM audit_event") == [(0,)]
    segments = await sql("SELECT number, first_seq, last_seq, sealed_at FROM audit_segment ORDER BY number")
    assert segments == [(1, 1, 5, clock.now - 1), (2, 6, 6, clock.now)]


async def test_what_is_sealed_is_what_was_written(rt, sealer, happen):
    (event,) = await happen(1)
    await sealer.seal()

    (entry,) = await rt.store.read.audit_log.newest(limit=5)
    document = entry.as_document()
    assert document.pop("seq") == 1
    assert document == {name: getattr(event, name) for name in document}


async def test_where_nothing_happened_nothing_is_written(sealer, sql):
    assert await sealer.seal() == 0
    assert await sql("SELECT count(*) FROM audit_segment") == [(0,)]
    assert await sealer.checkpoint() is None


async def test_a_busy_second_is_sealed_in_several_segments(rt, happen, sql):
    await happen(25)
    sealer = replace(Sealer.of(rt), segment_size=10)

    assert await sealer.seal(most=2) == 20
    assert await sealer.seal() == 5
    assert await sql("SELECT first_seq, last_seq FROM audit_segment ORDER BY number") == [(1, 10), (11, 20), (21, 25)]
    assert (await verify([], rt=rt)).findings == ()


async def test_events_that_wait_and_sealed_ones_are_read_together_newest_first(rt, sealer, happen, clock):
    events = await happen(2)
    await sealer.seal()
    clock.now += 1
    events += await happen(2)

    assert await rt.store.read.audit.latest(limit=10) == events[::-1]
    assert await rt.store.read.audit.latest(limit=3) == events[:0:-1]


async def test_of_sealers_that_race_exactly_one_seals_each_event(another, happen, rt, sql):
    """Eight sealers on connections and threads of their own, while events go on being written."""
    runtimes = [await another() for _ in range(8)]
    written = []

    async def write():
        for _ in range(20):
            written.extend(await happen(3))

    async def seal(runtime):
        sealer = replace(Sealer.of(runtime), segment_size=7)
        return sum([await sealer.seal() for _ in range(20)])

    *counts, _ = await asyncio.gather(*map(seal, runtimes), write())
    counts.append(await Sealer.of(rt).seal())

    assert sum(counts) == 60
    assert sorted(await sealed_ids(sql)) == sorted(event.id for event in written)
    report = await verify([], rt=rt)
    assert (report.findings, report.events, report.waiting) == ((), 60, 0)


async def test_sealers_in_threads_with_loops_of_their_own_race_as_well(database_url, rt, another, happen, sql):
    events = await happen(200)

    def in_a_thread(number):
        async def work():
            from admit_server.storage.open import open_store
            from admit_server.storage.statements import bind

            store = await open_store(database_url, bind, connections=2)
            try:
                return await replace(Sealer.of(replace(rt, store=store)), segment_size=9).seal()
            finally:
                await store.close()

        return asyncio.run(work())

    with ThreadPoolExecutor(4) as threads:
        loop = asyncio.get_running_loop()
        counts = await asyncio.gather(*(loop.run_in_executor(threads, in_a_thread, n) for n in range(4)))

    sealed = sum(counts) + await Sealer.of(rt).seal()
    assert sealed == 200
    assert await sealed_ids(sql) == [event.id for event in events]
    assert (await verify([], rt=rt)).findings == ()


async def test_a_sealer_that_died_after_giving_numbers_is_followed_by_the_next(rt, another, happen, sealer):
    await happen(4)

    async def unit(tx):
        return await tx.audit_log.number(after=0, limit=3)

    assert await rt.store.write(unit) == 3
    report = await verify([], rt=rt)
    assert (report.findings, report.events, report.waiting) == ((), 0, 4)

    assert await Sealer.of(await another()).seal() == 4
    assert (await verify([], rt=rt)).findings == ()


async def test_a_server_that_died_before_sealing_loses_no_event(another, happen, sql):
    died = await another()
    events = await happen(3, by=died)
    await died.store.close()

    assert await Sealer.of(await another()).seal() == 3
    assert await sealed_ids(sql) == [event.id for event in events]


async def test_whoever_saw_an_older_head_numbers_nothing(rt, happen, sealer):
    await happen(1)
    await sealer.seal()
    await happen(1)

    async def unit(tx):
        return await tx.audit_log.number(after=0, limit=10)

    assert await rt.store.write(unit) is None
    assert await sealer.seal() == 1


async def test_an_event_that_vanished_between_number_and_seal_stops_nobody_and_is_named(
    rt, happen, sealer, sql, caplog
):
    await happen(5)

    async def unit(tx):
        return await tx.audit_log.number(after=0, limit=5)

    await rt.store.write(unit)
    await sql("DELETE FROM audit_log WHERE seq = 3")

    assert await sealer.seal() == 5
    assert "events 1 to 5 some are gone" in caplog.text
    assert [(f.seq, f.why) for f in (await verify([], rt=rt)).findings] == [(3, "gone before it was sealed")]


async def test_a_forged_event_behind_the_end_makes_events_wait_and_never_lose(rt, happen, sealer, sql, caplog):
    await happen(2)
    await sealer.seal()
    await sql("UPDATE audit_log SET seq = 3 WHERE seq = 1")
    await happen(2)

    assert await sealer.seal() == 0
    assert "behind the end of the log" in caplog.text
    report = await verify([], rt=rt)
    assert [(f.trouble, f.seq) for f in report.findings] == [("event_missing", 1), ("event_inserted", 3)]
    assert report.waiting == 2


async def test_a_running_server_notices_that_the_log_was_cut_off(rt, happen, sealer, sql, caplog):
    for _ in range(2):
        await happen(2)
        await sealer.seal()
    with caplog.at_level(logging.ERROR):
        await sealer.seal()
        assert not caplog.records
        first = "SELECT link FROM audit_segment WHERE number = 1"
        await sql(
            f"UPDATE audit_head SET numbered = 2, sealed = 2, segment = 1, link = ({first}) WHERE id = 1",
            "DELETE FROM audit_log WHERE seq > 2",
            "DELETE FROM audit_segment WHERE number > 1",
        )
        await sealer.seal()
    assert "ended at event 4 and now ends at 2" in caplog.text


async def test_a_checkpoint_says_where_the_log_ends_and_is_signed(rt, happen, sealer, witness, clock):
    await happen(3)
    await sealer.seal()
    keeper = Checkpoints(sealer, witness)

    mark = await keeper.write()

    assert mark is not None
    head = (await rt.store.read.audit_log.head(mark.installation)).sealed
    assert (mark.kind, mark.position, mark.at) == ("checkpoint", head, clock.now)
    assert AuditKeys.of(rt.vault).genuine(mark)
    assert [Mark.parse(line) for line in witness.kept] == [mark]
    assert set(json.loads(witness.kept[0])) >= {"seq", "link", "at", "installation", "mac", "signature"}


async def test_a_checkpoint_that_says_nothing_new_is_not_written(happen, sealer, witness):
    await happen(1)
    await sealer.seal()
    assert await Checkpoints(sealer, witness).write() is not None
    assert await Checkpoints(sealer, witness).write() is None  # another start of the server
    assert len(witness.kept) == 1


async def test_a_file_that_can_not_be_written_stops_nobody(happen, sealer, witness, caplog):
    async def full(line):
        raise OSError(28, "No space left on device")

    witness.add = full
    await happen(1)
    await sealer.seal()
    assert await Checkpoints(sealer, witness).write() is None
    assert "No space left" in caplog.text


async def test_after_a_line_that_is_no_checkpoint_a_new_one_is_written(happen, sealer, witness):
    witness.kept.append("torn")
    await happen(1)
    await sealer.seal()
    assert await Checkpoints(sealer, witness).write() is not None


async def test_a_head_that_was_deleted_seals_nothing_and_is_found(rt, happen, sealer, sql):
    await happen(1)
    await sealer.seal()
    await sql("DELETE FROM audit_head")
    await happen(1)
    assert await sealer.seal() == 0
    assert (await verify([], rt=rt)).findings
    assert (await rt.store.read.audit_log.head("n")).sealed == genesis("n")


async def test_an_event_whose_transaction_commits_late_is_sealed_later_and_never_lost(pg_url, another, database_url):
    """PostgreSQL: the order of writing is not the order of commits, so nothing may be sealed by a mark in time."""
    from admit_server.storage.open import open_store
    from admit_server.storage.statements import bind

    rt = replace(await another(), store=await open_store(pg_url, bind))
    late = await asyncpg.connect(pg_url)
    slow = late.transaction()
    await slow.start()
    insert = """INSERT INTO audit_event (id, at, nth, actor, action, target, outcome, network, details)
                VALUES ($1, $2, 0, '', 'x.y', '', 'done', '', '{}')"""
    await late.execute(insert, "evt_late", 5)
    other = await asyncpg.connect(pg_url)
    await other.execute(insert, "evt_early", 9)

    sealer = Sealer.of(rt)
    assert await sealer.seal() == 1
    await slow.commit()
    assert await sealer.seal() == 1

    rows = await other.fetch("SELECT seq, id FROM audit_log ORDER BY seq")
    assert [tuple(row) for row in rows] == [(1, "evt_early"), (2, "evt_late")]
    assert (await verify([], rt=rt)).findings == ()
    await late.close()
    await other.close()
    await rt.store.close()
