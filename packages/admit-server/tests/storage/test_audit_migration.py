"""Events of a version without the chain are taken along, and sessions of one that did not note when they were used."""

import importlib.util
import sqlite3

import pytest

from admit_server.domain.audit import AuditEvent
from admit_server.storage.migrations.ddl import for_sqlite
from admit_server.storage.migrations.upgrade import upgrade
from admit_server.storage.open import open_store
from admit_server.storage.schema import VERSIONS, Standing
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio


def first_version(path):
    """A database as the first version made it, with an event and a session in it."""
    spec = importlib.util.spec_from_file_location("first_version", next(VERSIONS.glob("0001_*.py")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    connection = sqlite3.connect(path)
    for statement in module.TABLES:
        connection.execute(for_sqlite(statement))
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.execute("INSERT INTO installation (id, nonce, created_at) VALUES (1, 'nonce', 1)")
    connection.execute("INSERT INTO feed_head (id, seq, nonce) VALUES (1, 0, 'nonce')")
    connection.execute(
        "INSERT INTO session VALUES ('ses_old', NULL, 'usr_1', 70, '[]', '', '', '', 60, 9000000000, 0, NULL, NULL)"
    )
    connection.execute("INSERT INTO audit_event VALUES ('evt_old', 5, 'a', 'user.added', 'usr_1', 'done', '', '{}')")
    connection.commit()
    connection.close()


async def test_events_of_the_first_version_wait_for_the_sealer(tmp_path):
    path = tmp_path / "admit.db"
    first_version(path)

    assert upgrade(path).standing is Standing.BEHIND

    store = await open_store(f"sqlite:///{path}", bind)
    event = AuditEvent(id="evt_old", at=5, actor="a", action="user.added", target="usr_1")
    assert await store.read.audit.latest(limit=5) == [event]
    assert await store.read.audit_log.waiting(most=10) == 1
    assert await store.read.audit_log.waiting(most=0) == 0

    async def unit(tx):
        return await tx.audit_log.number(after=0, limit=10)

    assert await store.write(unit) == 1
    assert [entry.id for entry in await store.read.audit_log.newest(limit=5)] == ["evt_old"]
    await store.close()


async def test_a_session_of_the_first_version_was_last_used_when_somebody_signed_in(tmp_path):
    path = tmp_path / "admit.db"
    first_version(path)
    upgrade(path)

    store = await open_store(f"sqlite:///{path}", bind)
    assert (await store.read.sessions.get("ses_old")).last_seen_at == 70
    await store.close()
