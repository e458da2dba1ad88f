"""Events by their person, and devices, on both engines."""

import asyncio

import pytest

from admit_server.domain.audit import AuditEvent
from admit_server.storage.open import open_store
from admit_server.storage.statements import activity, bind

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
ME, OTHER = "usr_0000000000000000000001", "usr_0000000000000000000002"


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind)
    yield opened
    await opened.close()


async def write(store, *events, numbered):
    async def unit(tx):
        for number, (actor, target) in events:
            await tx.audit.append(AuditEvent(id=f"evt_{number}", at=NOW, actor=actor, action="x.y", target=target))
        if numbered:
            head = await tx.clients._tx.one("SELECT numbered FROM audit_head")
            await tx.audit_log.number(after=head[0], limit=100)

    await store.write(unit)


async def test_what_somebody_did_and_what_was_done_to_them_is_found_once_in_order(store):
    await write(
        store,
        *enumerate([(ME, ME), (ME, "ses_1"), ("cli:root", ME), (OTHER, OTHER), ("cli_1", "grt_1"), (OTHER, ME)]),
        numbered=True,
    )
    await write(store, (6, (ME, "")), (7, (OTHER, "x")), numbered=False)
    found = await store.read.activity.numbered(ME, before=2**62, limit=10)
    assert [(seq, event.id) for seq, event in found] == [(6, "evt_5"), (3, "evt_2"), (2, "evt_1"), (1, "evt_0")]
    assert [event.id for _, event in await store.read.activity.numbered(ME, before=6, limit=2)] == ["evt_2", "evt_1"]
    assert [event.id for event in await store.read.activity.fresh(ME, limit=10)] == ["evt_6"]
    assert await store.read.activity.numbered("usr_nobody", before=2**62, limit=10) == []


async def test_it_is_found_by_an_index_however_long_the_log_is(sqlite_path, anyio_backend):
    import sqlite3

    connection = sqlite3.connect(sqlite_path)
    text = (
        f"SELECT seq FROM audit_log WHERE actor = 'usr_1' AND {activity._ACTORS} AND seq < 9 ORDER BY seq DESC LIMIT 3"
    )
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}"))
    assert "audit_log_by_actor" in plan
    text = f"SELECT seq FROM audit_log WHERE target = 'usr_1' AND {activity._TARGETS} AND seq < 9 ORDER BY seq DESC LIMIT 3"
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}"))
    assert "audit_log_by_target" in plan
    assert "TEMP B-TREE" not in plan
    connection.close()


async def test_of_many_that_see_a_device_at_once_exactly_one_sees_it_first(store):
    async def unit(tx):
        return await tx.known_devices.see(ME, b"digest", now=NOW)

    assert not await store.read.known_devices.has_other(ME, b"other")
    assert sorted(await asyncio.gather(*(store.write(unit) for _ in range(20)))) == [False] * 19 + [True]
    assert await store.read.known_devices.is_known(ME, b"digest")
    assert await store.read.known_devices.has_other(ME, b"other")
    assert not await store.read.known_devices.has_other(ME, b"digest")
    assert not await store.read.known_devices.is_known(OTHER, b"digest")
    assert not await store.read.known_devices.is_known(ME, b"other")


async def test_devices_are_forgotten_when_nobody_came_with_them_for_long(store):
    day = 86_400

    async def see(tx):
        await tx.known_devices.see(ME, b"old", now=NOW - 401 * day)
        await tx.known_devices.see(ME, b"seen again", now=NOW - 401 * day)
        await tx.known_devices.see(ME, b"seen again", now=NOW - 399 * day)

    await store.write(see)
    await store.write(lambda tx: tx.sweeping.sweep(now=NOW, limit=10))
    assert not await store.read.known_devices.is_known(ME, b"old")
    assert await store.read.known_devices.is_known(ME, b"seen again")
    assert await store.write(lambda tx: tx.known_devices.forget(ME)) == 1


async def test_devices_are_forgotten_of_a_person_of_a_person_but_one_and_of_everybody(store):
    async def see(tx):
        for user_id in (ME, OTHER):
            for digest in (b"1", b"2", b"3"):
                await tx.known_devices.see(user_id, digest, now=NOW)

    await store.write(see)
    assert await store.write(lambda tx: tx.known_devices.forget(ME, but=b"2")) == 2
    assert [await store.read.known_devices.is_known(ME, each) for each in (b"1", b"2")] == [False, True]
    assert await store.write(lambda tx: tx.known_devices.forget(OTHER)) == 3
    assert await store.write(lambda tx: tx.known_devices.forget_all()) == 1
