"""PostgreSQL when it fails: 503 material within two seconds, and no restart of ours to recover.

A full disk is played by a trigger that raises PostgreSQL's own error (53100) at COMMIT: filling its disk for real needs a file
system of its own, and the error is that of one transaction, never of its neighbours.
"""

import asyncio
import contextlib
import shutil
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest

from admit_server.ports.store import StoreUnavailable
from admit_server.storage.location import PostgresServer
from admit_server.storage.postgres import ATTEMPTS, PostgresStore
from admit_server.storage.postgres_errors import translated
from admit_server.storage.postgres_session import NotPortable

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO token_policy (name, limits, created_at, updated_at) VALUES (:name, '', 1, 1)"
STEP = "UPDATE feed_head SET seq = seq + 1 RETURNING seq"
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def bare(statements):
    return statements


def adding(name: str):
    async def unit(tx):
        await tx.run(ADD, name=name)
        return name

    return unit


async def names(store) -> list[str]:
    return [name for (name,) in await store.read.all("SELECT name FROM token_policy ORDER BY name")]


@pytest.fixture
async def store(pg_url, anyio_backend):
    opened = await PostgresStore.opened(PostgresServer(pg_url), bare, connections=4)
    yield opened
    await opened.close()


@pytest.fixture
async def admin(pg_url, anyio_backend):
    """A connection beside the store's."""
    connection = await asyncpg.connect(pg_url)
    yield connection
    await connection.close()


async def test_reads_and_writes_go_on_after_every_connection_was_terminated(store, admin):
    await asyncio.gather(*(store.write(adding(f"p{number}")) for number in range(8)))

    await admin.execute(OTHERS)
    assert len(await names(store)) == 8
    await admin.execute(OTHERS)
    assert await store.write(adding("q")) == "q"
    await admin.execute(OTHERS)
    assert await store.view(lambda tx: tx.one("SELECT COUNT(*) FROM token_policy")) == (9,)


async def test_a_unit_whose_connection_dies_in_its_middle_is_run_again_whole(store, admin):
    attempts = []

    async def unit(tx):
        await tx.run(ADD, name="a")
        attempts.append(1)
        if len(attempts) == 1:
            await tx.all("SELECT CAST(pg_terminate_backend(pg_backend_pid()) AS TEXT)")
        await tx.run(ADD, name="b")

    await store.write(unit)

    assert len(attempts) == 2
    assert await names(store) == ["a", "b"]


async def test_a_unit_that_always_loses_its_connection_is_given_up(store):
    async def unit(tx):
        await tx.all("SELECT CAST(pg_terminate_backend(pg_backend_pid()) AS TEXT)")

    with pytest.raises(StoreUnavailable, match="is PostgreSQL running"):
        await store.write(unit)
    assert await store.write(adding("next")) == "next"


async def test_terminating_connections_under_load_loses_no_acknowledged_write(store, admin):
    kept: set[str] = set()
    ends_at = time.monotonic() + 1.5

    async def client(number: int) -> None:
        step = 0
        while time.monotonic() < ends_at:
            step += 1
            with contextlib.suppress(StoreUnavailable):
                kept.add(await store.write(adding(f"{number}-{step}")))

    async def terminate() -> None:
        while time.monotonic() < ends_at:
            await asyncio.sleep(0.05)
            await admin.execute(OTHERS)

    await asyncio.gather(terminate(), *(client(number) for number in range(8)))

    assert kept
    assert kept <= set(await names(store))


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_unit_that_loses_against_another_is_run_again(store, state):
    attempts = []

    async def unit(tx):
        await tx.run(ADD, name="a")
        attempts.append(1)
        if len(attempts) < 3:
            await tx.run(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END $$")
        return "done"

    assert await store.write(unit) == "done"
    assert len(attempts) == 3
    assert await names(store) == ["a"]


async def test_a_unit_that_hides_its_loss_behind_another_exception_is_run_again_too(store):
    attempts = []

    async def unit(tx):
        attempts.append(1)
        try:
            if len(attempts) == 1:
                await tx.run("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")
        except Exception as error:
            raise ValueError("mine") from error
        return "done"

    assert await store.write(unit) == "done"


async def test_a_unit_that_always_loses_is_given_up_after_a_bound(store, monkeypatch):
    monkeypatch.setattr("admit_server.storage.postgres.LONGEST_PAUSE_S", 0.001)
    attempts = []

    async def unit(tx):
        attempts.append(1)
        await tx.run("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")

    with pytest.raises(StoreUnavailable, match="try again"):
        await store.write(unit)
    assert len(attempts) == ATTEMPTS


async def at_commit(admin, do: str) -> None:
    """Have the server do something at the COMMIT of every unit that touched token_policy."""
    await admin.execute(
        f"""CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {do}; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON token_policy DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION at_commit()"""
    )


async def test_a_full_disk_at_commit_keeps_nothing_and_hurts_no_other_unit(store, admin):
    await at_commit(
        admin, "IF NEW.name = 'big' THEN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END IF"
    )

    got = await asyncio.gather(*(store.write(adding(name)) for name in ("a", "big", "b")), return_exceptions=True)

    assert [type(each) for each in got] == [str, StoreUnavailable, str]
    assert "free some space" in str(got[1])
    assert "not known" not in str(got[1])
    assert await names(store) == ["a", "b"]


async def test_a_race_lost_at_commit_is_run_again(store, admin):
    await admin.execute("CREATE SEQUENCE tries")
    await at_commit(admin, "IF nextval('tries') < 3 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END IF")

    assert await store.write(adding("a")) == "a"
    assert await names(store) == ["a"]


async def test_a_connection_lost_at_commit_is_an_outage_and_never_run_again(store, admin):
    """Run again, a unit that had been kept after all would be done twice."""
    await at_commit(admin, "PERFORM pg_terminate_backend(pg_backend_pid())")
    attempts = []

    async def unit(tx):
        attempts.append(1)
        await tx.run(ADD, name="a")

    with pytest.raises(StoreUnavailable, match="not known whether"):
        await store.write(unit)
    assert attempts == [1]
    assert await store.head_seq() == 0


async def test_two_units_in_a_deadlock_both_succeed_in_the_end(store):
    await store.write(adding("a"))
    await store.write(adding("b"))

    def touching(first: str, second: str):
        async def unit(tx):
            for name in (first, second):
                await tx.run("UPDATE token_policy SET updated_at = updated_at + 1 WHERE name = :name", name=name)
                await tx.all("SELECT CAST(pg_sleep(0.02) AS TEXT)")

        return unit

    await asyncio.gather(store.write(touching("a", "b")), store.write(touching("b", "a")))

    assert await store.read.all("SELECT updated_at FROM token_policy") == [(3,), (3,)]


async def test_a_row_locked_for_too_long_is_an_outage_and_not_a_hang(store, admin):
    await store.write(adding("a"))
    await admin.execute("BEGIN")
    await admin.execute("UPDATE token_policy SET limits = 'x'")

    async def unit(tx):
        await tx.all("SELECT set_config('lock_timeout', '50ms', true)")
        await tx.run("UPDATE token_policy SET limits = 'y'")

    with pytest.raises(StoreUnavailable, match="holds the row locked"):
        await store.write(unit)
    await admin.execute("ROLLBACK")


async def test_a_schema_change_under_the_server_is_noticed_without_an_error(store, admin):
    sql = "SELECT * FROM installation"
    unit_sql = "UPDATE installation SET created_at = created_at RETURNING *"
    assert len((await store.read.all(sql))[0]) == 3
    assert len((await store.write(lambda tx: tx.all(unit_sql)))[0]) == 3

    await admin.execute("ALTER TABLE installation ADD COLUMN added BIGINT")

    assert len((await store.read.all(sql))[0]) == 4
    assert len((await store.write(lambda tx: tx.all(unit_sql)))[0]) == 4


@pytest.mark.parametrize(
    ("sql", "match"),
    [
        ("SELECT COUNT(*) FROM feed_head WHERE seq > :now - 60", ":now is int4"),
        ("SELECT CAST(:now AS TEXT) FROM feed_head WHERE id < :limit / 2", ":limit is int4"),
        ("SELECT SUM(seq) FROM feed_head", "is numeric"),
        ("SELECT seq > 1 FROM feed_head", "is bool"),
    ],
)
async def test_a_statement_that_would_fail_with_some_values_only_is_refused_at_once(store, sql, match):
    with pytest.raises(NotPortable, match=match):
        await store.read.all(sql, now="1", limit=1)
    assert await store.head_seq() == 0


async def test_a_cast_makes_a_sum_portable(store):
    sql = "SELECT COUNT(*) FROM feed_head WHERE seq > CAST(:now AS BIGINT) - 60"
    assert await store.read.one(sql, now=2**40) == (0,)


async def test_more_callers_than_connections_all_get_their_turn(store):
    got = await asyncio.gather(*(store.write(adding(f"p{number:03}")) for number in range(100)))

    assert len(got) == 100
    assert len(await names(store)) == 100


async def test_cancelled_reads_leave_the_pool_whole(store):
    for _ in range(12):
        reading = asyncio.ensure_future(store.view(lambda tx: tx.all("SELECT CAST(pg_sleep(5) AS TEXT)")))
        await asyncio.sleep(0.01)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    async with asyncio.timeout(2):
        assert await asyncio.gather(*(store.head_seq() for _ in range(16))) == [0] * 16


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (asyncpg.DiskFullError("x"), "disk is full"),
        (asyncpg.TooManyConnectionsError("x"), "max_connections"),
        (asyncpg.CannotConnectNowError("x"), "passes by itself"),
        (TimeoutError(), "no answer in time"),
        (ConnectionResetError(), "is PostgreSQL running"),
        (asyncpg.InvalidPasswordError("x"), "password"),
    ],
)
def test_each_fault_of_the_machine_says_what_to_do_and_never_the_password(error, says):
    translation = translated(error, PostgresServer("postgresql://u:hush@h/db"), closed=False)

    assert isinstance(translation, StoreUnavailable)
    assert says in str(translation)
    assert "hush" not in str(translation)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:hush@127.0.0.1:1/none",
        "postgresql://postgres:hush@127.0.0.1:notaport/none",
        "postgresql://postgres:hush@name.invalid/none",
    ],
)
async def test_a_server_that_is_not_there_is_told_within_two_seconds(url):
    started = time.monotonic()

    with pytest.raises(StoreUnavailable) as caught:
        await PostgresStore.opened(PostgresServer(url), bare)

    assert time.monotonic() - started < 2.5
    assert "hush" not in str(caught.value)


async def test_a_database_that_does_not_exist_is_said_to_be_missing(pg_server):
    with pytest.raises(StoreUnavailable, match="create it first"):
        await PostgresStore.opened(PostgresServer(pg_server.rpartition("/")[0] + "/nobody"), bare)


@pytest.fixture
def own_cluster(throwaway_postgres, upgrade_in_child):
    """A cluster that a test may stop; migrated."""
    directory = Path(tempfile.mkdtemp(prefix="admit-postgres-", dir="/tmp"))
    directory.chmod(0o711)
    cluster = throwaway_postgres.Cluster(directory)
    cluster.make()
    cluster.start()
    upgrade_in_child(cluster.url())
    yield cluster
    cluster.stop(at_once=True)
    shutil.rmtree(directory)


async def test_restarts_under_load_lose_nothing_answer_in_time_and_recover_by_themselves(own_cluster):
    store = await PostgresStore.opened(PostgresServer(own_cluster.url()), bare)
    kept: set[str] = set()
    slowest = 0.0
    last_success = 0.0
    stopping = asyncio.Event()
    heard: list[float] = []
    await store.listen(lambda: heard.append(time.monotonic()))

    async def client(number: int) -> None:
        nonlocal slowest, last_success
        step = 0
        while not stopping.is_set():
            step += 1
            started = time.monotonic()
            try:
                kept.add(await store.write(adding(f"{number}-{step}")))
                await store.head_seq()
                last_success = time.monotonic()
            except StoreUnavailable:
                await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - started)

    clients = [asyncio.create_task(client(number)) for number in range(8)]
    for at_once in (False, True, False):
        await asyncio.sleep(0.2)
        await asyncio.to_thread(own_cluster.stop, at_once=at_once)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(own_cluster.start)
        up = time.monotonic()
        async with asyncio.timeout(10):
            while last_success < up:
                await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        while not heard or heard[-1] < up:  # the listener is back, and has called since it may have missed something
            await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.gather(*clients)

    assert slowest < 2
    assert kept <= set(await names(store))
    await store.close()
