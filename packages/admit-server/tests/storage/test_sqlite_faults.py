"""SQLite when the machine fails: whoever got a result has it on the disk, everybody else is told what to do."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from admit_server.ports.store import StoreUnavailable, UniqueViolation
from admit_server.storage.sqlite import SqliteStore

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO token_policy (name, limits, created_at, updated_at) VALUES (:name, :limits, 1, 1)"


def bare(statements):
    return statements


def adding(name: str, limits: str = ""):
    async def unit(tx):
        await tx.run(ADD, name=name, limits=limits)
        return name

    return unit


async def names(store) -> list[str]:
    return [name for (name,) in await store.read.all("SELECT name FROM token_policy ORDER BY name")]


def fault(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


class Faults:
    """Faults to come, for the writer's connections: by the beginning of the statement that meets them."""

    def __init__(self) -> None:
        self.planned: dict[str, sqlite3.OperationalError] = {}
        self.connections: list[sqlite3.Connection] = []
        faults = self

        class Connection(sqlite3.Connection):
            def __init__(self, *arguments, **named) -> None:
                super().__init__(*arguments, **named)
                faults.connections.append(self)

            def execute(self, sql, *parameters):
                for beginning, error in list(faults.planned.items()):
                    if sql.startswith(beginning):
                        del faults.planned[beginning]
                        if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                            super().execute("ROLLBACK")  # as SQLite does by itself
                        raise error
                return super().execute(sql, *parameters)

        self.connection_class = Connection


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def store(sqlite_path, faults):
    opened = SqliteStore(sqlite_path, bare, lock_wait_s=0.3, connection_class=faults.connection_class)
    await opened.write(adding("before"))
    yield opened
    await opened.close()


async def together(store, *units):
    """The outcomes of units that run in one batch."""
    busy, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def occupy(tx):
        loop.call_soon_threadsafe(busy.set)
        assert go_on.wait(10)
        time.sleep(0.006)  # past the batch's time, so that the others make a batch of their own

    first = asyncio.ensure_future(store.write(occupy))
    await busy.wait()
    rest = [asyncio.ensure_future(store.write(unit)) for unit in units]
    await asyncio.sleep(0)
    go_on.set()
    await first
    return await asyncio.gather(*rest, return_exceptions=True)


async def test_a_full_disk_in_one_unit_fails_its_whole_batch_and_the_next_one_works(store, faults):
    faults.planned["UPDATE"] = fault(sqlite3.SQLITE_FULL, "database or disk is full")

    got = await together(store, adding("a"), lambda tx: tx.run("UPDATE token_policy SET limits = 'x'"), adding("b"))

    assert [type(each) for each in got[:2]] == [StoreUnavailable, StoreUnavailable]
    assert "disk is full" in str(got[0])
    assert got[2] == "b"  # it was still waiting when the batch ended
    assert await names(store) == ["b", "before"]


async def test_a_full_database_refuses_what_does_not_fit_and_keeps_what_it_acknowledged(store, faults):
    """The real error, by a limit on the number of pages."""
    writer = faults.connections[-1]
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count={pages + 2}")

    got = await together(store, adding("a"), adding("big", "x" * 200_000), adding("c"))

    kept = [each for each in got if isinstance(each, str)]
    assert isinstance(got[1], StoreUnavailable)
    assert "free some space" in str(got[1])
    assert await names(store) == sorted(["before", *kept])
    writer.execute("PRAGMA max_page_count=100000")
    assert await store.write(adding("afterwards", "x" * 200_000)) == "afterwards"


async def test_a_unit_that_failed_by_itself_is_told_of_the_outage_too_when_its_batch_is_lost(store, faults):
    """It may have failed over a row of its neighbour, and that row never came to be."""

    async def late(tx):
        faults.planned["COMMIT"] = fault(sqlite3.SQLITE_IOERR, "disk I/O error")
        return await adding("twice")(tx)

    got = await together(store, adding("twice"), late)

    assert [type(each) for each in got] == [StoreUnavailable, StoreUnavailable]
    assert await names(store) == ["before"]
    with pytest.raises(UniqueViolation):
        await store.write(adding("before"))


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM])
async def test_a_commit_that_fails_keeps_nothing_and_the_next_batch_works(store, faults, code):

    async def last(tx):
        faults.planned["COMMIT"] = fault(code, "injected")
        await tx.run(ADD, name="b", limits="")

    got = await together(store, adding("a"), last)

    assert [type(each) for each in got] == [StoreUnavailable, StoreUnavailable]
    assert await names(store) == ["before"]
    assert await store.write(adding("after")) == "after"


async def test_after_an_io_error_the_connection_is_opened_anew(store, faults):
    faults.planned["UPDATE"] = fault(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error")
    before = len(faults.connections)

    with pytest.raises(StoreUnavailable, match="check the device"):
        await store.write(lambda tx: tx.run("UPDATE token_policy SET limits = 'x'"))

    assert await store.write(adding("after")) == "after"
    assert len(faults.connections) == before + 1


async def test_a_rollback_that_fails_costs_the_connection_and_no_more(store, faults):
    async def unit(tx):
        faults.planned["ROLLBACK TO"] = fault(sqlite3.SQLITE_IOERR, "disk I/O error")
        raise ValueError("mine")

    with pytest.raises(StoreUnavailable):
        await store.write(unit)
    assert await store.write(adding("after")) == "after"


async def test_a_unit_that_swallows_a_full_disk_is_not_kept(store, faults):
    async def unit(tx):
        faults.planned["UPDATE"] = fault(sqlite3.SQLITE_FULL, "database or disk is full")
        try:
            await tx.run("UPDATE token_policy SET limits = 'x'")
        except StoreUnavailable:
            return "all is well"

    with pytest.raises(StoreUnavailable):
        await store.write(unit)


HOLDER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
c.execute("ROLLBACK")
print("free", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
async def holder(sqlite_path):
    """Another process that holds the write lock until a line is sent to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(sqlite_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


async def test_a_lock_of_another_process_is_waited_for_within_the_bound_and_then_named(store, holder):
    started = time.monotonic()

    got = await asyncio.gather(*(store.write(adding(f"p{number}")) for number in range(20)), return_exceptions=True)

    assert {type(each) for each in got} == {StoreUnavailable}
    assert "another process holds the database" in str(got[0])
    assert 0.25 < time.monotonic() - started < 2  # all of them together, not one after the other
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "free\n"
    assert await store.write(adding("after")) == "after"
    assert await names(store) == ["after", "before"]


async def test_a_lock_released_in_time_delays_the_unit_and_blocks_neither_the_loop_nor_reads(sqlite_path, holder):
    store = SqliteStore(sqlite_path, bare)
    waiting = asyncio.ensure_future(store.write(adding("a")))
    longest = 0.0
    for _ in range(20):
        at = time.monotonic()
        await asyncio.sleep(0.005)
        await names(store)
        longest = max(longest, time.monotonic() - at)
    assert not waiting.done()
    assert longest < 0.2

    holder.stdin.write("\n")
    holder.stdin.flush()

    assert await waiting == "a"
    await store.close()


async def test_close_does_not_wait_for_ever_while_another_process_holds_the_lock(sqlite_path, holder):
    store = SqliteStore(sqlite_path, bare, lock_wait_s=0.1)
    waiting = asyncio.ensure_future(store.write(adding("a")))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await store.close()
    with pytest.raises(StoreUnavailable):
        await waiting


async def test_a_missing_file_is_not_created(tmp_path):
    with pytest.raises(StoreUnavailable, match="check that it exists"):
        SqliteStore(tmp_path / "typo.db", bare)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path):
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear Sir or Madam, " * 300)

    with pytest.raises(StoreUnavailable, match="no SQLite database"):
        SqliteStore(path, bare)
    assert path.read_bytes() == b"Dear Sir or Madam, " * 300


async def test_a_reader_recovers_after_an_io_error(store):
    reader = store._reader
    assert await names(store) == ["before"]
    broken = reader.connection()

    raised = reader.failed(fault(sqlite3.SQLITE_IOERR_READ, "disk I/O error"))

    assert isinstance(raised, StoreUnavailable)
    assert await names(store) == ["before"]
    assert reader.connection() is not broken


async def test_the_log_is_folded_while_writing_goes_on(sqlite_path):
    """Without checkpoints it would hold every page ever written."""
    store = SqliteStore(sqlite_path, bare)
    log = sqlite_path.with_name(sqlite_path.name + "-wal")

    async def churn(number):
        async def unit(tx):
            await tx.run("DELETE FROM token_policy WHERE name = :name", name=f"p{number % 50}")
            await tx.run(ADD, name=f"p{number % 50}", limits="x" * 3000)

        await store.write(unit)

    for start in range(0, 6000, 100):
        await asyncio.gather(*(churn(number) for number in range(start, start + 100)))
    size = log.stat().st_size
    await store.close()

    assert size < 40 * 1024 * 1024
    assert not log.exists()  # the last process to leave folds the rest


async def test_a_process_killed_at_any_moment_has_kept_all_it_acknowledged(sqlite_path):
    program = """
import asyncio, sys
from admit_server.storage.open import open_store
async def main():
    store = await open_store(sys.argv[1], lambda tx: tx)
    async def client(number):
        while True:
            async def unit(tx):
                return await tx.all("UPDATE feed_head SET seq = seq + 1 RETURNING seq")
            print((await store.write(unit))[0][0], flush=True)
    await asyncio.gather(*(client(n) for n in range(16)))
asyncio.run(main())
"""
    acknowledged = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", program, str(sqlite_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(300):
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest, _ = process.communicate()
        acknowledged = max([acknowledged, *map(int, rest.split()[:-1])])
        store = SqliteStore(sqlite_path, bare)
        assert await store.head_seq() >= acknowledged
        assert await store.read.one("PRAGMA integrity_check") == ("ok",)
        await store.close()


async def test_a_file_that_was_replaced_under_the_server_is_neither_read_nor_written(sqlite_path):
    """It would go on to be readable and writable, and nothing of it would reach the file that everybody else has."""
    store = SqliteStore(sqlite_path, bare)
    await store.write(adding("before"))
    moved = sqlite_path.with_name("moved.db")
    sqlite_path.rename(moved)
    moved.with_name("copy.db").write_bytes(moved.read_bytes())
    moved.with_name("copy.db").rename(sqlite_path)

    with pytest.raises(StoreUnavailable, match="replaced under the server"):
        await store.write(adding("after"))
    with pytest.raises(StoreUnavailable, match="replaced under the server"):
        await names(store)
    with pytest.raises(StoreUnavailable, match="replaced under the server"):
        await store.view(lambda tx: tx.all("SELECT 1"))

    moved.rename(sqlite_path)
    assert await store.write(adding("after all")) == "after all"
    await asyncio.sleep(0.06)
    assert await names(store) == ["after all", "before"]
    await store.close()
