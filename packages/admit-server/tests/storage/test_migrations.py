"""Making and upgrading a database: all or nothing, once, and nobody else's."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys

import asyncpg
import pytest

from admit_server.ports.store import SchemaMismatch, StoreUnavailable
from admit_server.storage.migrations.ddl import for_postgres, for_sqlite
from admit_server.storage.migrations.upgrade import main, upgrade
from admit_server.storage.open import open_store
from admit_server.storage.schema import Standing, known_revisions

pytestmark = pytest.mark.anyio

HEAD = known_revisions()[-1]


def rows(path, sql: str) -> list:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def change(path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.fixture
async def empty_url(pg_server, anyio_backend):
    """An empty PostgreSQL database."""
    connection = await asyncpg.connect(pg_server)
    name = f"empty_{os.getpid()}"
    await connection.execute(f"CREATE DATABASE {name}")
    yield pg_server.rpartition("/")[0] + "/" + name
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def test_every_revision_follows_the_one_before():
    assert known_revisions() == [f"{number:04}" for number in range(1, len(known_revisions()) + 1)]


def test_a_fresh_file_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "new" / "var" / "admit.db"

    before = upgrade(path)

    assert before.standing is Standing.FRESH
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(each.name for each in path.parent.iterdir()) == ["admit.db"]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]
    connection = sqlite3.connect(path)
    connection.execute("UPDATE feed_head SET seq = 0")
    log = path.with_name("admit.db-wal")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    connection.close()


def test_every_table_of_ours_is_strict(tmp_path):
    upgrade(tmp_path / "admit.db")

    loose = rows(tmp_path / "admit.db", "SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict")

    assert {name for (name,) in loose} == {"alembic_version", "sqlite_schema"}


def test_each_installation_has_a_nonce_of_its_own_which_is_also_the_feeds_first(tmp_path):
    nonces = set()
    for name in ("a.db", "b.db"):
        upgrade(tmp_path / name)
        ((nonce, created_at),) = rows(tmp_path / name, "SELECT nonce, created_at FROM installation")
        assert rows(tmp_path / name, "SELECT seq, nonce FROM feed_head") == [(0, nonce)]
        assert created_at > 1_700_000_000
        assert len(nonce) == 11
        nonces.add(nonce)
    assert len(nonces) == 2


def test_upgrading_twice_changes_nothing(sqlite_path):
    before = rows(sqlite_path, "SELECT * FROM installation")

    assert upgrade(sqlite_path).standing is Standing.CURRENT

    assert rows(sqlite_path, "SELECT * FROM installation") == before
    assert [each.name for each in sqlite_path.parent.iterdir()] == ["admit.db"]


@pytest.fixture
def next_revision(monkeypatch, tmp_path):
    """A newer program: one with a further revision, which may be told to fail."""
    import shutil

    from admit_server.storage import schema
    from admit_server.storage.migrations import upgrade as module

    place = tmp_path / "newer"
    shutil.copytree(schema.VERSIONS.parent, place)
    number = f"{int(HEAD) + 1:04}"

    def add(body: str) -> str:
        (place / "versions" / f"{number}_next.py").write_text(
            "from admit_server.storage.migrations.ddl import execute\n"
            f"revision, down_revision, branch_labels, depends_on = {number!r}, {HEAD!r}, None, None\n"
            f"def upgrade():\n    {body}\n"
        )
        monkeypatch.setattr(schema, "VERSIONS", place / "versions")
        monkeypatch.setattr(module, "__file__", str(place / "upgrade.py"))
        return number

    return add


def test_an_older_file_is_copied_before_it_is_upgraded(sqlite_path, next_revision):
    number = next_revision("execute('ALTER TABLE installation ADD COLUMN more BIGINT')")
    change(sqlite_path, "UPDATE feed_head SET seq = 7")

    assert upgrade(sqlite_path).standing is Standing.BEHIND

    copy = sqlite_path.with_name(f"admit.db.before-{number}")
    assert rows(sqlite_path, "SELECT version_num FROM alembic_version") == [(number,)]
    assert rows(copy, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert rows(copy, "SELECT seq FROM feed_head") == [(7,)]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_revision_that_fails_in_its_middle_changes_nothing(sqlite_path, next_revision):
    next_revision("execute('CREATE TABLE half (id BIGINT)'); execute('CREATE TABLE broken (')")

    with pytest.raises(Exception, match=r"syntax|incomplete"):
        upgrade(sqlite_path)

    assert rows(sqlite_path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert rows(sqlite_path, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'half'") == [(0,)]


def test_a_disk_that_fills_during_an_upgrade_is_told_in_one_line_and_changes_nothing(
    sqlite_path, next_revision, capsys
):
    next_revision("execute('PRAGMA max_page_count=1'); execute('CREATE TABLE half (id BIGINT)')")

    assert main(["--database", str(sqlite_path)]) == 1

    assert "free some space" in capsys.readouterr().err
    assert rows(sqlite_path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert rows(sqlite_path, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'half'") == [(0,)]


def test_a_fresh_database_that_could_not_be_finished_is_fresh_still(tmp_path, monkeypatch):
    from admit_server.storage.migrations import upgrade as module

    def crash(connection):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "_seed", crash)
        with pytest.raises(KeyboardInterrupt):
            upgrade(tmp_path / "admit.db")

    assert upgrade(tmp_path / "admit.db").standing is Standing.FRESH


async def test_a_revision_that_fails_on_postgresql_changes_nothing(pg_url, next_revision):
    next_revision("execute('CREATE TABLE half (id BIGINT)'); execute('CREATE TABLE broken (')")

    with pytest.raises(Exception, match="syntax"):
        await asyncio.to_thread(upgrade, pg_url)

    connection = await asyncpg.connect(pg_url)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == HEAD
    assert await connection.fetchval("SELECT to_regclass('half')::text") is None
    await connection.close()


async def test_an_older_database_is_refused_with_what_to_do(database_url, next_revision):
    next_revision("pass")

    with pytest.raises(SchemaMismatch, match=rf"has schema {HEAD}.*needs .*admit db upgrade"):
        await open_store(database_url, lambda statements: statements)


async def test_a_newer_database_is_refused_and_left_alone_by_server_and_upgrade(store, database_url):
    await store.write(lambda tx: tx.run("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaMismatch, match=r"newer Admit.*install the newer version"):
        await open_store(database_url, lambda statements: statements)
    with pytest.raises(SchemaMismatch, match="newer Admit"):
        await asyncio.to_thread(upgrade, database_url)
    assert await store.head_seq() == 0


async def test_an_empty_file_is_refused_with_what_to_do(tmp_path, anyio_backend):
    (tmp_path / "empty.db").touch()

    with pytest.raises(SchemaMismatch, match="is empty: run `admit db upgrade`"):
        await open_store(tmp_path / "empty.db", lambda statements: statements)


async def test_an_empty_postgresql_database_is_refused_then_upgraded(empty_url):
    with pytest.raises(SchemaMismatch, match="is empty"):
        await open_store(empty_url, lambda statements: statements)

    assert (await asyncio.to_thread(upgrade, empty_url)).standing is Standing.FRESH

    store = await open_store(empty_url, lambda statements: statements)
    assert await store.head_seq() == 0
    await store.close()


TWO_AT_ONCE = """
import os, sys
from admit_server.storage.migrations.upgrade import main
for database in sys.argv[1:]:
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os._exit(main(["--database", database]))
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
"""


async def test_two_servers_that_start_at_once_make_one_database(empty_url, tmp_path):
    databases = [empty_url, f"sqlite:///{tmp_path}/both/admit.db"]

    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", TWO_AT_ONCE, *databases], check=True)

    for database in databases:
        store = await open_store(database, lambda statements: statements)
        assert await store.read.one("SELECT COUNT(*) FROM installation") == (1,)
        await store.close()


def test_tables_of_another_program_are_left_alone(tmp_path):
    path = tmp_path / "other.db"
    change(path, "CREATE TABLE customers (id)")
    before = path.read_bytes()

    with pytest.raises(SchemaMismatch, match="another program"):
        upgrade(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["is-a-file/admit.db", "letter.txt"])
def test_a_place_that_can_not_hold_a_database_is_refused_in_one_line(tmp_path, place, capsys):
    (tmp_path / "is-a-file").write_text("x")
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 300)

    assert main(["--database", str(tmp_path / place)]) == 1

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert (tmp_path / "letter.txt").read_text() == "Dear Sir or Madam, " * 300


def test_a_postgresql_server_that_is_not_there_is_refused_in_one_line(capsys):
    assert main(["--database", "postgresql://u:hush@127.0.0.1:1/x"]) == 1

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "hush" not in said


def test_a_backup_that_can_not_be_made_stops_the_upgrade(sqlite_path, next_revision):
    number = next_revision("execute('CREATE TABLE more (id BIGINT)')")
    sqlite_path.with_name(f"admit.db.before-{number}").mkdir()

    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        upgrade(sqlite_path)

    assert rows(sqlite_path, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_the_server_never_loads_the_migration_tools():
    code = "import sys, admit_server.storage.open, admit_server.storage.postgres; print({'alembic', 'sqlalchemy'} & {*sys.modules})"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_a_command_on_a_sqlite_file_never_loads_the_postgresql_driver():
    code = "import sys, admit_server.storage.open; print('asyncpg' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False"]


@pytest.mark.parametrize(
    ("neutral", "sqlite", "postgres"),
    [
        ("CREATE TABLE a (b BIGINT)", "CREATE TABLE a (b INTEGER) STRICT", "CREATE TABLE a (b BIGINT)"),
        ("CREATE TABLE a (b BLOB)", "CREATE TABLE a (b BLOB) STRICT", "CREATE TABLE a (b BYTEA)"),
        ("CREATE TABLE a (b TEXT)", "CREATE TABLE a (b TEXT) STRICT", 'CREATE TABLE a (b TEXT COLLATE "C")'),
        (
            "CREATE TABLE a (b BIGINT) WITHOUT ROWID",
            "CREATE TABLE a (b INTEGER) STRICT, WITHOUT ROWID",
            "CREATE TABLE a (b BIGINT)",
        ),
        ("CREATE INDEX i ON a (b)", "CREATE INDEX i ON a (b)", "CREATE INDEX i ON a (b)"),
    ],
)
def test_the_neutral_ddl_is_spelled_for_each_engine(neutral, sqlite, postgres):
    assert for_sqlite(neutral) == sqlite
    assert for_postgres(neutral) == postgres
