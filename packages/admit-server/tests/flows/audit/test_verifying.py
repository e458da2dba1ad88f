"""Checking the log in the database: whatever somebody who can write to the database does to it is found, and the place named."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from admit_server.domain.audit_chain import Position, Segment, genesis, segment_of
from admit_server.flows.audit import verifying
from admit_server.flows.audit.sealing import Checkpoints, Sealer
from admit_server.flows.audit.verifying import verify
from admit_server.tokens.envelope import Vault

pytestmark = pytest.mark.anyio

TABLES = ("audit_log", "audit_segment", "audit_head")
# So many on SQLite; on PostgreSQL, where each takes longer and the same code judges, a fifth of it.
TRIES = 500
SEGMENTS = 12


async def test_a_log_that_nobody_touched_is_good_and_says_how_much_there_is(
    rt, sealer, long_log, happen, witness, clock
):
    assert (await verify([], rt=rt)).findings == ()
    events = await long_log()
    await Checkpoints(sealer, witness).write()
    await happen(3)

    report = await verify(witness.kept, rt=rt)

    assert (report.findings, report.events, report.segments, report.waiting) == ((), len(events), SEGMENTS, 3)
    assert (report.checkpoints, report.begins_after) == (1, 0)
    assert report.newest_checkpoint is not None
    assert report.newest_checkpoint.position.seq == report.head.sealed.seq == len(events)


async def test_pages_of_any_size_say_the_same(rt, sql, long_log, monkeypatch):
    await long_log()
    await sql("DELETE FROM audit_log WHERE seq = 20")
    whole = await verify([], rt=rt)
    monkeypatch.setattr(verifying, "_SEGMENTS", 2)
    monkeypatch.setattr(verifying, "_EVENTS", 1)

    assert await verify([], rt=rt) == whole
    assert [f.seq for f in whole.findings] == [20]


async def test_another_key_file_can_not_check_the_log_and_says_so(another, rt, long_log):
    await long_log(2)
    report = await verify([], rt=await another(vault=Vault.from_keys([b"x" * 32])))
    assert {f.trouble for f in report.findings} == {"key_unknown"}


async def test_after_a_change_of_keys_old_and_new_segments_are_checked(another, long_log, happen, rt):
    await long_log(2)
    later = await another(vault=Vault.from_keys([b"x" * 32, bytes(range(32))]))
    await happen(2)
    await Sealer.of(later).seal()

    assert (await verify([], rt=later)).findings == ()
    assert [f.trouble for f in (await verify([], rt=rt)).findings] == ["key_unknown"]


async def test_checking_goes_on_behind_a_bad_place_and_stops_after_so_many(rt, sql, long_log):
    await long_log()
    await sql("UPDATE audit_log SET actor = 'somebody'")
    assert len((await verify([], rt=rt)).findings) == len(await sql("SELECT seq FROM audit_log"))
    assert len((await verify([], rt=rt, most=5)).findings) == 5


async def test_a_database_put_back_from_a_copy_is_known_by_the_checkpoints(rt, sealer, sql, long_log, happen, witness):
    """An old copy is a log cut off: it fits in itself, and what came after it is gone."""
    old = len(await long_log(3))
    await keep(sql)
    new = len(await long_log(2))
    await Checkpoints(sealer, witness).write()
    await put_back(sql)

    assert (await verify([], rt=rt)).findings == ()
    report = await verify(witness.kept, rt=rt)
    assert [(f.trouble, f.seq) for f in report.findings] == [("cut_off", old + 1)]

    # Going on from there makes another history.
    await long_log(4, largest=new + 9, seed=7)
    assert [f.trouble for f in (await verify(witness.kept, rt=rt)).findings] == ["checkpoint_contradicts"]


# SQLite keeps bytes that are no text; PostgreSQL refuses them.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_bytes_that_are_no_text_are_named_and_stop_nobody(rt, sealer, sql, long_log, happen):
    last = len(await long_log(3))
    await sql("UPDATE audit_log SET actor = CAST(x'ff41' AS TEXT) WHERE seq = 4")
    await happen(3)
    await sql("UPDATE audit_event SET target = CAST(x'ff' AS TEXT) WHERE nth = (SELECT max(nth) FROM audit_event)")

    assert await sealer.seal() == 3
    found = (await verify([], rt=rt)).findings
    assert [(f.seq, f.why) for f in found] == [
        (4, "deleted, or no text any more"),
        (last + 3, "gone before it was sealed"),
    ]


# --- 500 times ---------------------------------------------------------------------------------------------------------------


async def keep(sql: Any) -> None:
    await sql(*(f"CREATE TABLE keep_{table} AS SELECT * FROM {table}" for table in TABLES))


async def put_back(sql: Any) -> None:
    for table in TABLES:
        await sql(f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM keep_{table}")


@dataclass
class Forger:
    """Knows everything but the keys. Each method changes the log and returns where the first bad place has to be found."""

    sql: Any
    rng: random.Random
    segments: list[Segment]
    entries: dict[int, Any]
    nonce: str
    last: int = field(init=False)

    def __post_init__(self) -> None:
        self.last = max(self.entries)

    def any_event(self) -> int:
        return self.rng.randint(1, self.last)

    def segment_with(self, seq: int) -> Segment:
        return next(s for s in self.segments if s.first <= seq <= s.last)

    async def edit_event(self) -> tuple[int, int]:
        seq = self.any_event()
        name = self.rng.choice(["id", "actor", "action", "target", "outcome", "network", "details", "at"])
        old = getattr(self.entries[seq], name)
        if name == "at":
            new: Any = old + self.rng.choice([-1, 1, 86_400])
        else:
            at = self.rng.randint(0, max(0, len(old) - 1))
            new = self.rng.choice(
                [old[:at] + old[at + 1 :], old[:at] + "x" + old[at:], old + " ", old.swapcase() + "_"]
            )
        await self.sql(f"UPDATE audit_log SET {name} = :new WHERE seq = :seq", new=new, seq=seq)
        return seq, seq

    async def edit_segment(self) -> tuple[int, int]:
        segment = self.rng.choice(self.segments)
        flipped = bytearray(segment.links)
        flipped[self.rng.randrange(len(flipped))] ^= 1 << self.rng.randrange(8)
        column, value = self.rng.choice(
            [
                ("links", bytes(flipped)),
                ("link", segment.previous),
                ("previous", segment.link),
                ("mac", segment.mac[::-1]),
                ("mac", b""),
                ("sealed_at", segment.sealed_at - 1),
                ("key_id", "0" * 16),
                ("first_seq", segment.first + 1),
                ("last_seq", segment.last + 1),
                ("number", 1000),
            ]
        )
        await self.sql(
            f"UPDATE audit_segment SET {column} = :value WHERE number = :number", value=value, number=segment.number
        )
        return segment.first, segment.last + 1

    async def edit_and_chain_anew(self) -> tuple[int, int]:
        """As a thief of the database alone would: every link after the edit is right, only the seals can't be."""
        seq = self.any_event()
        await self.sql("UPDATE audit_log SET target = 'grt_other' WHERE seq = :seq", seq=seq)
        first = self.segment_with(seq)
        await self.chain_anew(first.number, {seq: self.entries[seq]._replace(target="grt_other")})
        return first.first, first.last

    async def chain_anew(self, number: int, changed: dict[int, Any]) -> None:
        entries = self.entries | changed
        at = self.segments[number - 1]
        position = Position(number - 1, at.first - 1, at.previous)
        for old in self.segments[number - 1 :]:
            mine = [entries[seq] for seq in range(old.first, old.last + 1)]
            new = segment_of(mine, after=position, last=old.last, sealed_at=old.sealed_at, key_id=old.key_id)
            new = new.sealed(self.nonce, b"a guess".ljust(32))
            await self.sql(
                "UPDATE audit_segment SET previous = :p, link = :l, links = :ls, mac = :m WHERE number = :n",
                p=new.previous, l=new.link, ls=new.links, m=new.mac, n=new.number,
            )  # fmt: skip
            position = new.end
        await self.sql("UPDATE audit_head SET link = :link WHERE id = 1", link=position.link)

    async def delete_events(self) -> tuple[int, int]:
        first = self.any_event()
        last = min(self.last, first + self.rng.choice([0, 0, 0, 1, 5]))
        await self.sql("DELETE FROM audit_log WHERE seq >= :first AND seq <= :last", first=first, last=last)
        return first, first

    async def delete_segments(self) -> tuple[int, int]:
        first = self.rng.choice(self.segments)
        last = self.segments[min(len(self.segments), first.number + self.rng.choice([0, 1, 3])) - 1]
        if self.rng.random() < 0.7:
            await self.sql("DELETE FROM audit_log WHERE seq >= :a AND seq <= :b", a=first.first, b=last.last)
        await self.sql("DELETE FROM audit_segment WHERE number >= :a AND number <= :b", a=first.number, b=last.number)
        return first.first, first.first

    async def delete_and_close_the_gap(self) -> tuple[int, int]:
        seq = self.any_event()
        await self.sql(
            "DELETE FROM audit_log WHERE seq = :seq",
            "UPDATE audit_log SET seq = -seq WHERE seq > :seq",
            "UPDATE audit_log SET seq = -seq - 1 WHERE seq < 0",
            seq=seq,
        )
        return seq, seq

    async def insert(self) -> tuple[int, int]:
        seq = self.rng.choice([0, -1, self.last + 1, self.last + 2, 2**40])
        await self.sql(self.copy_to(":new"), new=seq, seq=self.any_event())
        return seq, seq

    async def insert_between(self) -> tuple[int, int]:
        seq = self.any_event()
        await self.sql(
            "UPDATE audit_log SET seq = -seq WHERE seq >= :at",
            "UPDATE audit_log SET seq = -seq + 1 WHERE seq < 0",
            self.copy_to("CAST(:at AS BIGINT)").replace(":seq", "CAST(:other AS BIGINT)"),
            at=seq,
            other=seq + 1,
        )
        if self.rng.random() < 0.5:
            await self.sql("UPDATE audit_head SET numbered = numbered + 1 WHERE id = 1")
        return seq, seq

    @staticmethod
    def copy_to(seq: str) -> str:
        return f"""INSERT INTO audit_log (seq, id, at, actor, action, target, outcome, network, details)
                   SELECT CAST({seq} AS BIGINT), 'evt_forged', at, actor, action, target, outcome, network, details
                     FROM audit_log WHERE seq = :seq"""

    async def swap(self) -> tuple[int, int]:
        one = self.any_event()
        other = self.rng.choice([seq for seq in range(1, self.last + 1) if seq != one])
        await self.sql(
            "UPDATE audit_log SET seq = -1 WHERE seq = :one",
            "UPDATE audit_log SET seq = :one WHERE seq = :other",
            "UPDATE audit_log SET seq = :other WHERE seq = -1",
            one=one,
            other=other,
        )
        return min(one, other), min(one, other)

    async def swap_segments(self) -> tuple[int, int]:
        one, other = sorted(self.rng.sample(self.segments, 2), key=lambda s: s.number)
        await self.sql(
            "UPDATE audit_segment SET number = -1 WHERE number = :one",
            "UPDATE audit_segment SET number = :one WHERE number = :other",
            "UPDATE audit_segment SET number = :other WHERE number = -1",
            one=one.number,
            other=other.number,
        )
        return one.first, other.last

    async def cut_the_end(self) -> tuple[int, int]:
        """Events, segments and head: what is left fits in itself. Only the checkpoint outside knows better."""
        kept = self.rng.randint(0, len(self.segments) - 1)
        end = self.segments[kept - 1].end if kept else genesis(self.nonce)
        await self.sql(
            "DELETE FROM audit_log WHERE seq > :seq",
            "DELETE FROM audit_segment WHERE number > :number",
            "UPDATE audit_head SET numbered = :seq, sealed = :seq, segment = :number, link = :link WHERE id = 1",
            seq=end.seq,
            number=end.segment,
            link=end.link,
        )
        return end.seq + 1, end.seq + 1

    async def cut_events(self) -> tuple[int, int]:
        seq = self.any_event()
        await self.sql("DELETE FROM audit_log WHERE seq >= :seq", seq=seq)
        return seq, seq

    async def cut_within_a_segment(self) -> tuple[int, int]:
        seq = self.any_event()
        segment = self.segment_with(seq)
        links = segment.links[: (seq - segment.first + 1) * 32]
        if seq == segment.last:
            return await self.cut_the_end()
        await self.sql(
            "DELETE FROM audit_log WHERE seq > :seq",
            "DELETE FROM audit_segment WHERE number > :number",
            "UPDATE audit_segment SET last_seq = :seq, links = :links, link = :link WHERE number = :number",
            "UPDATE audit_head SET numbered = :seq, sealed = :seq, segment = :number, link = :link WHERE id = 1",
            seq=seq,
            number=segment.number,
            links=links,
            link=links[-32:],
        )
        return segment.first, seq + 1

    async def cut_the_beginning(self) -> tuple[int, int]:
        segment = self.rng.choice(self.segments)
        await self.sql(
            "DELETE FROM audit_log WHERE seq <= :seq",
            "DELETE FROM audit_segment WHERE number <= :number",
            seq=segment.last,
            number=segment.number,
        )
        return 1, 1


KINDS = {
    "edit": (Forger.edit_event, Forger.edit_event, Forger.edit_segment, Forger.edit_and_chain_anew),
    "deletion": (Forger.delete_events, Forger.delete_segments, Forger.delete_and_close_the_gap),
    "insertion": (Forger.insert, Forger.insert_between),
    "swap": (Forger.swap, Forger.swap, Forger.swap_segments),
    "truncation": (Forger.cut_the_end, Forger.cut_events, Forger.cut_within_a_segment, Forger.cut_the_beginning),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_forgery_is_found_and_its_place_named(
    kind, database_url, rt, sealer, sql, long_log, witness, record_property
):
    """500 random ones over the five kinds, of what somebody can do who may write to the database and has no key."""
    tries = TRIES // len(KINDS) // (1 if database_url.startswith("sqlite") else 5)
    await long_log(SEGMENTS // 2)
    await Checkpoints(sealer, witness).write()
    await long_log(SEGMENTS // 2)
    await Checkpoints(sealer, witness).write()
    log = rt.store.read.audit_log
    nonce = await sealer.installation()
    entries = {entry.seq: entry for entry in await log.newest(limit=1000)}
    segments = await log.segments(after=0, limit=1000)
    await keep(sql)
    assert (await verify(witness.kept, rt=rt)).findings == ()
    rng = random.Random(f"forgeries {kind}")
    forger = Forger(sql, rng, segments, entries, nonce)
    missed, misplaced = [], []
    for number in range(tries):
        how = KINDS[kind][number % len(KINDS[kind])]
        first, last = await how(forger)
        found = (await verify(witness.kept, rt=rt)).findings
        if not found:
            missed.append((how.__name__, first))
        elif not (first <= found[0].seq <= last and found[0].place and found[0].why):
            misplaced.append((how.__name__, (first, last), found[0]))
        await put_back(sql)
    record_property("figure", f"{tries - len(missed) - len(misplaced)} of {tries} found and named")
    assert (missed, misplaced) == ([], [])
    assert (await verify(witness.kept, rt=rt)).findings == ()


async def test_a_checkpoint_that_was_edited_is_named_by_its_line(rt, sealer, long_log, witness):
    for _ in range(3):
        await long_log(1)
        await Checkpoints(sealer, witness).write()
    rng = random.Random("checkpoints")
    for _ in range(100):
        number = rng.randrange(3)
        line = witness.kept[number]
        at = rng.randrange(len(line))
        edited = line[:at] + chr(33 + (ord(line[at]) - 32) % 90) + line[at + 1 :]
        assert edited != line
        report = await verify([*witness.kept[:number], edited, *witness.kept[number + 1 :]], rt=rt)
        assert [f.place for f in report.findings] == [f"line {number + 1} of the checkpoints"]


async def test_checking_works_while_events_are_written_and_sealed(rt, sealer, happen):
    done = False

    async def go_on():
        while not done:
            await happen(2, together=False)
            await sealer.seal()

    task = asyncio.create_task(go_on())
    for _ in range(20):
        assert (await verify([], rt=rt)).findings == ()
    done = True
    await task
    assert (await verify([], rt=rt)).events > 0
