"""The contract of `write`, `view` and `read`, the same on both engines."""

import asyncio

import pytest

from admit_server.ports.store import (
    ConstraintViolation,
    ReferenceViolation,
    Statements,
    StoreUnavailable,
    UniqueViolation,
)
from admit_server.storage.driving import UnitSuspended
from admit_server.storage.open import OpenStore

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO token_policy (name, limits, created_at, updated_at) VALUES (:name, :limits, :now, :now)"
NAMES = "SELECT name FROM token_policy ORDER BY name"
ONE = "SELECT limits FROM token_policy WHERE name = :name"


async def add(tx: Statements, name: str, limits: str = "{}") -> int:
    return await tx.run(ADD, name=name, limits=limits, now=1)


def adding(name: str):
    async def unit(tx: Statements) -> str:
        await add(tx, name)
        return name

    return unit


async def names(store: OpenStore[Statements]) -> list[str]:
    return [name for (name,) in await store.read.all(NAMES)]


async def test_each_caller_gets_the_result_of_its_own_unit_in_order(store):
    wanted = [f"p{number:02}" for number in range(50)]

    got = await asyncio.gather(*(store.write(adding(name)) for name in wanted))

    assert got == wanted
    assert await names(store) == wanted


async def test_a_write_is_seen_by_the_next_read_and_by_the_next_view(store):
    for number in range(10):
        await store.write(adding(f"p{number}"))
        assert await store.read.one(ONE, name=f"p{number}") == ("{}",)
        assert await store.view(lambda tx, number=number: tx.one(ONE, name=f"p{number}")) == ("{}",)


async def test_a_unit_sees_its_own_writes(store):
    async def unit(tx):
        await add(tx, "a", "mine")
        return await tx.one(ONE, name="a")

    assert await store.write(unit) == ("mine",)


async def test_a_unit_that_raises_leaves_nothing_and_its_exception_reaches_the_caller(store):
    class Undo(Exception):
        pass

    async def unit(tx):
        await add(tx, "a")
        raise Undo("not this one")

    with pytest.raises(Undo, match="not this one"):
        await store.write(unit)

    assert await names(store) == []


async def test_what_was_written_before_a_returned_refusal_is_kept(store):
    async def unit(tx):
        await add(tx, "revoked-family")
        return ValueError("refused")

    assert isinstance(await store.write(unit), ValueError)
    assert await names(store) == ["revoked-family"]


async def test_run_counts_the_changed_rows(store):
    async def unit(tx):
        added = [await add(tx, name) for name in "abc"]
        changed = await tx.run("UPDATE token_policy SET limits = :l WHERE name > :name", l="x", name="a")
        none = await tx.run("UPDATE token_policy SET limits = :l WHERE name = :name", l="x", name="?")
        kept = await tx.run(ADD + " ON CONFLICT (name) DO NOTHING", name="a", limits="", now=1)
        return added, changed, none, kept, await tx.run("DELETE FROM token_policy")

    assert await store.write(unit) == ([1, 1, 1], 2, 0, 0, 3)


async def test_rows_are_tuples_of_plain_values(store):
    async def unit(tx):
        await tx.run("INSERT INTO throttle VALUES (:counter, 1, 2, 3, :big)", counter=b"\x00\xff", big=2**63 - 1)
        return await tx.all("UPDATE throttle SET failures = failures + 1 RETURNING counter, failures, expires_at")

    rows = await store.write(unit)

    assert rows == [(b"\x00\xff", 2, 2**63 - 1)]
    assert [type(value) for value in rows[0]] == [bytes, int, int]
    assert type(rows[0]) is tuple


async def test_text_is_ordered_by_its_bytes_on_both_engines(store):
    async def unit(tx):
        for name in ("b", "a", "B", "ä", "Z", "_", "é", "😀"):
            await add(tx, name)

    await store.write(unit)

    assert await names(store) == ["B", "Z", "_", "a", "b", "ä", "é", "😀"]


async def test_one_gives_none_when_there_is_no_row(store):
    assert await store.read.one(ONE, name="nobody") is None
    assert await store.read.all(ONE, name="nobody") == []


async def test_a_null_parameter_needs_its_cast_and_then_works(store):
    sql = "SELECT COUNT(*) FROM token_policy WHERE CAST(:name AS TEXT) IS NULL OR name = CAST(:name AS TEXT)"
    await store.write(adding("a"))

    assert await store.read.one(sql, name=None) == (1,)
    assert await store.read.one(sql, name="b") == (0,)


async def test_a_missing_parameter_is_a_mistake_and_not_an_outage(store):
    with pytest.raises(Exception, match="name") as caught:
        await store.read.one(ONE)
    assert not isinstance(caught.value, StoreUnavailable)


async def test_a_taken_key_raises_unique_violation_with_the_table_and_without_the_value(store):
    await store.write(adding("a-secret-value"))

    with pytest.raises(UniqueViolation) as caught:
        await store.write(adding("a-secret-value"))

    assert caught.value.table == "token_policy"
    assert "a-secret-value" not in str(caught.value)


async def test_a_missing_parent_raises_reference_violation(store):
    async def unit(tx):
        await tx.run("INSERT INTO client_origin (origin, client_id) VALUES ('https://a.example', 'cli_none')")

    with pytest.raises(ReferenceViolation):
        await store.write(unit)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO feed_head (id, seq, nonce) VALUES (2, 0, 'x')",
        "UPDATE feed_head SET nonce = NULL",
    ],
)
async def test_other_broken_rules_raise_constraint_violation(store, sql):
    with pytest.raises(ConstraintViolation):
        await store.write(lambda tx: tx.run(sql))


async def test_a_violation_does_not_hurt_the_units_beside_it(store):
    await store.write(adding("taken"))

    got = await asyncio.gather(
        *(store.write(adding(name)) for name in ("a", "taken", "b", "taken", "c")), return_exceptions=True
    )

    assert [type(each) for each in got] == [str, UniqueViolation, str, UniqueViolation, str]
    assert await names(store) == ["a", "b", "c", "taken"]


async def test_a_unit_that_swallows_a_violation_is_undone_all_the_same(store):
    """PostgreSQL's transaction is aborted by then: a commit would silently keep nothing."""
    await store.write(adding("taken"))

    async def unit(tx):
        await add(tx, "before")
        try:
            await add(tx, "taken")
        except UniqueViolation:
            return "as if nothing had happened"

    with pytest.raises(UniqueViolation):
        await store.write(unit)
    assert await names(store) == ["taken"]


async def test_no_statement_runs_after_a_violation(store):
    await store.write(adding("taken"))

    async def unit(tx):
        try:
            await add(tx, "taken")
        except UniqueViolation:
            await add(tx, "after")

    with pytest.raises(UniqueViolation):
        await store.write(unit)
    assert await names(store) == ["taken"]


@pytest.mark.parametrize("wait", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(0.01)])
async def test_a_unit_that_waits_for_anything_but_tx_is_refused(store, wait):
    async def unit(tx):
        await add(tx, "a")
        await wait()
        await add(tx, "b")

    with pytest.raises(RuntimeError, match=r"nothing but tx|no running event loop"):
        await store.write(unit)

    assert await names(store) == []
    assert await store.write(adding("next")) == "next"


async def test_a_view_that_waits_for_anything_but_tx_is_refused(store):
    async def look(tx):
        await asyncio.sleep(0)

    with pytest.raises(UnitSuspended):
        await store.view(look)


async def test_a_cancelled_caller_does_not_cancel_its_unit(store):
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def unit(tx):
        loop.call_soon_threadsafe(started.set)
        await add(tx, "kept")
        await tx.all(NAMES)

    caller = asyncio.create_task(store.write(unit))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    async with asyncio.timeout(5):
        while await names(store) != ["kept"]:
            await asyncio.sleep(0.005)


async def test_a_view_is_one_snapshot(store):
    await store.write(adding("a"))
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()
    between: list[asyncio.Future] = []

    def write_between() -> None:
        between.append(asyncio.ensure_future(store.write(adding("b"))))
        between[0].add_done_callback(lambda _: looked.set())

    async def look(tx):
        before = await tx.all(NAMES)
        loop.call_soon_threadsafe(write_between)
        for _ in range(2000):
            after = await tx.all(NAMES)
            if looked.is_set():
                break
        return before, after

    before, after = await store.view(look)
    await between[0]

    assert before == after == [("a",)]
    assert await names(store) == ["a", "b"]


async def test_what_a_view_raises_reaches_the_caller_and_the_next_view_works(store):
    async def look(tx):
        await tx.all(NAMES)
        raise LookupError("not there")

    for _ in range(3):
        with pytest.raises(LookupError):
            await store.view(look)
    assert await store.view(lambda tx: tx.all(NAMES)) == []


async def test_the_reading_side_can_not_write(store):
    for attempt in (store.read.run, lambda sql: store.view(lambda tx: tx.run(sql))):
        with pytest.raises(Exception, match=r"(?i)read-?only") as caught:
            await attempt("DELETE FROM feed_head")
        assert not isinstance(caught.value, StoreUnavailable)
    assert await store.head_seq() == 0


async def test_close_finishes_what_is_queued_and_refuses_what_comes_later(store):
    waiting = [asyncio.create_task(store.write(adding(f"p{number}"))) for number in range(40)]
    await asyncio.sleep(0)

    await store.close()

    assert [await each for each in waiting] == [f"p{number}" for number in range(40)]
    with pytest.raises(StoreUnavailable, match="stopping"):
        await store.write(adding("late"))
    with pytest.raises(StoreUnavailable, match="stopping"):
        await store.read.all(NAMES)


async def test_a_mistaken_statement_spoils_only_its_own_unit(store):
    async def wrong(tx):
        await add(tx, "wrong")
        await tx.run("UPDATE no_such_table SET a = 1")

    got = await asyncio.gather(
        store.write(adding("a")), store.write(wrong), store.write(adding("b")), return_exceptions=True
    )

    assert got[0] == "a"
    assert got[2] == "b"
    assert "no_such_table" in str(got[1])
    assert not isinstance(got[1], StoreUnavailable)
    assert await names(store) == ["a", "b"]


async def test_a_value_the_engine_can_not_carry_spoils_only_its_own_unit(store):
    """The web refuses such values before any flow; the store must survive them all the same."""
    good = store.write(adding("a"))
    bad = [store.write(adding("lone \ud800")), store.write(lambda tx: tx.run(ADD, name="x", limits="", now=2**63))]

    got = await asyncio.gather(good, *bad, return_exceptions=True)

    assert got[0] == "a"
    assert all(isinstance(each, Exception) and not isinstance(each, StoreUnavailable) for each in got[1:])
    assert await names(store) == ["a"]
