"""People from another system."""

import asyncio

import pytest

from admit_server.domain.password_dumps import Dumped
from admit_server.flows.admin import importing, users
from admit_server.flows.admin.importing import Immigrant, NotImported, import_users

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

BCRYPT = Dumped(hashed="$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234")


def person(line, username="", **more):
    return Immigrant(line=line, username=username or f"person-{line}", **more)


@pytest.fixture
def bring(rt, caller):
    async def bringing(*people, dry_run=False):
        return await import_users(people, dry_run=dry_run, rt=rt, caller=caller)

    return bringing


@both_engines
async def test_people_come_with_their_hashes_and_each_has_an_audit_event(rt, bring, actions):
    done = await bring(
        person(1, "Ann", email="ann@example.com", roles=("editor",), password=BCRYPT),
        person(2, "bob", password=BCRYPT),
        person(4, "carl", disabled=True),
    )

    assert (done.people, done.schemes) == (3, {"$2b$12": 2, "": 1})
    ann = await users.find("ann", rt=rt)
    assert (ann.username, ann.email, ann.roles, ann.disabled_at) == ("Ann", "ann@example.com", ("editor",), None)
    assert [c.data for c in await rt.store.read.credentials.of_user(ann.id, "password")] == [BCRYPT.hashed]
    assert (await users.find("carl", rt=rt)).disabled_at is not None
    assert await actions() == ["user.added"] * 3
    [scheme] = await rt.store.read.password_schemes.all()
    assert scheme.parameters == "$2b$12"
    assert "abcdef" not in scheme.stand_in


@both_engines
async def test_an_address_that_was_verified_before_is_so_here_and_belongs_to_one(rt, bring):
    await bring(
        person(1, "ann", email="Ann@example.com", email_verified=True), person(2, "bob", email="bob@example.com")
    )

    assert (await rt.store.read.addresses.owner("ann@example.com")).username == "ann"
    assert await rt.store.read.addresses.owner("bob@example.com") is None
    with pytest.raises(NotImported) as refusal:
        await bring(
            person(1, email="ann@EXAMPLE.com", email_verified=True),
            person(2, email="new@example.com", email_verified=True),
            person(3, email="NEW@example.com", email_verified=True),
            person(4, email_verified=True),
            person(5, email="ann@example.com"),
        )
    assert [(line, text.split(" ")[-2:]) for line, text in sorted(refusal.value.problems)] == [
        (1, ["'ann@EXAMPLE.com'", "already."]),
        (3, ["line", "2."]),
        (4, ["is", "none."]),
    ]


async def test_a_dry_run_writes_nothing(rt, bring, actions):
    done = await bring(person(1, password=BCRYPT), dry_run=True)

    assert done.people == 1
    assert (await users.page(rt=rt)).items == ()
    assert await rt.store.read.password_schemes.all() == []
    assert await actions() == []


async def test_whatever_is_wrong_is_told_by_line_and_nobody_comes(rt, bring):
    await users.add(users.NewUser(username="taken"), rt=rt, caller=importing.Caller())
    people = [
        person(1),
        person(2, "two words"),
        person(3, "TAKEN"),
        person(4, "ann"),
        person(5, "Ann"),
        person(6, "usr_0123456789abcdefghijklmn"),
        person(7, email="nowhere"),
        person(8, roles=("Not A Role",)),
        person(9, password=Dumped(hashed="plain text")),
        person(10, password=Dumped(hashed=BCRYPT.hashed.replace("$12$", "$31$"))),
    ]
    for dry_run in (True, False):
        with pytest.raises(NotImported, match=r"lines can't be imported; nothing was imported") as refusal:
            await bring(*people, dry_run=dry_run)

        told = dict(refusal.value.problems)
        assert [*told] == [2, 3, 5, 7, 8, 9, 10] or [*told] == [2, 3, 5, 6, 7, 8, 9, 10]
        assert "already" in told[3]
        assert "line 4" in told[5]
        assert "from 4 to 15" in told[10]
    assert [user.username for user in (await users.page(rt=rt)).items] == ["taken"]


@both_engines
async def test_a_batch_comes_as_a_whole_or_not_at_all(rt, bring, caller, monkeypatch):
    """Somebody takes a name of the second batch between the look and the write."""
    monkeypatch.setattr(importing, "BATCH", 3)
    write = importing._write

    async def overtaken(batch, *, done, **more):
        if done == 3:
            await users.add(users.NewUser(username="person-5"), rt=rt, caller=caller)
        return await write(batch, done=done, **more)

    monkeypatch.setattr(importing, "_write", overtaken)
    with pytest.raises(NotImported, match="3 people before them were imported") as refusal:
        await bring(*(person(line) for line in range(1, 9)))

    assert refusal.value.done == 3
    assert refusal.value.problems[0][0] == 4
    there = {user.username for user in (await users.page(rt=rt)).items}
    assert there == {"person-1", "person-2", "person-3", "person-5"}


@both_engines
async def test_of_many_imports_of_the_same_people_exactly_one_wins(rt, bring):
    people = [person(line, password=BCRYPT) for line in range(1, 6)]
    outcomes = await asyncio.gather(*(bring(*people) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(outcome, NotImported) for outcome in outcomes) == 7
    assert len((await users.page(rt=rt)).items) == 5


async def test_a_file_of_too_many_people_is_refused_before_anything_is_read(rt, bring, monkeypatch):
    monkeypatch.setattr(importing, "MOST_PEOPLE", 2)
    with pytest.raises(importing.NotAllowed, match="at most 2 people"):
        await bring(person(1), person(2), person(3))
