"""The contract of recorded decisions, on both engines; and that the model of counting is what the database does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admit_server.domain.applied_rule import AppliedRule
from admit_server.domain.client import Client
from admit_server.domain.counting import Count, NewCount
from admit_server.domain.decision import Batch, Decision
from admit_server.domain.grant import Grant
from admit_server.domain.token_policy import SERVER_DEFAULT, TokenPolicy
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

FULL = Decision(
    1_000, "check", "action_not_allowed", "grt_1", "tok_1", 900, 1_500, "GET", "/ünïcode", "orders.read", "192.0.2.1", "use-1",
    True, "key", "certificate", "key", "certificate", "rul_1", True, True,
)  # fmt: skip

CLIENT = Client(
    id="cli_1",
    name="App",
    kind="public",
    first_party=True,
    secret_digest=None,
    redirect_uris=(),
    post_logout_redirect_uris=(),
    grant_types=frozenset(),
    scopes=frozenset(),
    audiences=(),
    pkce_required=True,
    policy=None,
    created_at=1,
)


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=4)
    yield opened
    await opened.close()


async def add(store, *batches):
    for batch in batches:
        await store.write(lambda tx, batch=batch: tx.decisions.add(batch))


async def test_decisions_come_back_as_they_were_recorded(store):
    batch = Batch(1_000, "a", (FULL, Decision(1_001, "issue"), FULL._replace(use_id=None, cut=False)), 7)
    await add(store, batch)

    assert await store.read.decisions.page(after=(0, ""), until=2_000, limit=10) == [batch]


async def test_pages_follow_each_other_without_gap_or_repetition(store):
    batches = [Batch(at, name, (Decision(at, "issue"),)) for at in (10, 11, 12) for name in ("a", "b", "c")]
    await add(store, *reversed(batches))

    found, after = [], (10, "")
    while page := await store.read.decisions.page(after=after, until=12, limit=2):
        found += page
        after = (page[-1].at, page[-1].id)

    assert found == batches[:6]
    assert await store.read.decisions.oldest() == 10


async def test_old_batches_are_forgotten_in_small_steps(store):
    assert await store.read.decisions.oldest() is None
    await add(store, *(Batch(at, "a", ()) for at in range(5)))

    forgotten = [await store.write(lambda tx: tx.decisions.forget(before=4, limit=3)) for _ in range(3)]

    assert forgotten == [3, 1, 0]
    assert await store.read.decisions.oldest() == 4


async def test_a_batch_that_is_written_twice_stands_once(store):
    await add(store, Batch(1, "a", (FULL,)), Batch(1, "a", (FULL,)))

    assert len(await store.read.decisions.page(after=(0, ""), until=9, limit=10)) == 1


async def test_a_grant_keeps_the_rules_by_which_it_was_made(store):
    grant = Grant(
        id="grt_1", client_id="cli_1", user_id=None, session_id=None, auth_time=None, acr="", amr=(), scopes=frozenset(),
        audience="https://api.example", format="jwt", policy=SERVER_DEFAULT.bounded(), created_at=1, expires_at=9,
    )  # fmt: skip
    rules = (AppliedRule("server", SERVER_DEFAULT), AppliedRule("client App", TokenPolicy(max_uses=3), "till"))

    async def unit(tx):
        await tx.clients.add(CLIENT, origins=())
        await tx.grants.add(grant, rules)

    await store.write(unit)

    assert await store.read.grants.rules_of("grt_1") == rules
    assert await store.read.grants.rules_of("grt_2") is None


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    uses=st.one_of(st.none(), st.integers(1, 4)),
    idle=st.one_of(st.none(), st.integers(10, 60)),
    waits=st.lists(st.integers(0, 40), max_size=8),
)
def test_the_model_of_counting_says_what_the_database_does(sqlite_path, uses, idle, waits):
    """`Count.spent` and `Count.used` replay what one UPDATE decided."""
    import asyncio

    async def compare():
        store = await open_store(f"sqlite:///{sqlite_path}", bind)
        token_id = f"tok_{uses}_{idle}_{'_'.join(map(str, waits))}"
        now = 1_000
        model = Count(uses_left=uses, idle_timeout_s=idle, last_used_at=now)
        begun = NewCount(token_id=token_id, uses_left=uses, idle_timeout_s=idle, last_used_at=now, expires_at=1 << 40)
        try:
            if await store.read.counting.look(token_id) is None:
                await store.write(lambda tx: tx.counting.begin(begun))
            else:
                return
            for wait in waits:
                now += wait
                if not model.needs_no_write(now):
                    answer = await store.write(lambda tx, now=now: tx.counting.use(token_id, use_id=None, now=now))
                    assert answer == (model.spent(now) or "counted")
                if model.spent(now) is None:
                    model = model.used(now)
                assert await store.read.counting.look(token_id) == model
        finally:
            await store.close()

    asyncio.run(compare())
