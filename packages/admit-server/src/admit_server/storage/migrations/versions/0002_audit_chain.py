"""The audit's chain: new events wait in `audit_event`, the sealer moves them to `audit_log` in their order and seals them.

Revision ID: 0002
Revises: 0001
"""

from admit_server.storage.migrations.ddl import execute

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Where events wait. Without any index: each would cost every token a page of its own, and what waits is little. `nth` is the
    # order in which one process appended within a second.
    "ALTER TABLE audit_event RENAME TO audit_event_before",
    """CREATE TABLE audit_event (
        id TEXT NOT NULL,
        at BIGINT NOT NULL,
        nth BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        network TEXT NOT NULL,
        details TEXT NOT NULL
    )""",
    """INSERT INTO audit_event (id, at, nth, actor, action, target, outcome, network, details)
       SELECT id, at, 0, actor, action, target, outcome, network, details FROM audit_event_before""",
    "DROP TABLE audit_event_before",
    """CREATE TABLE audit_log (
        seq BIGINT PRIMARY KEY,
        id TEXT NOT NULL,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        network TEXT NOT NULL,
        details TEXT NOT NULL
    )""",
    """CREATE TABLE audit_segment (
        number BIGINT PRIMARY KEY,
        first_seq BIGINT NOT NULL,
        last_seq BIGINT NOT NULL,
        previous BLOB NOT NULL,
        link BLOB NOT NULL,
        links BLOB NOT NULL,
        sealed_at BIGINT NOT NULL,
        key_id TEXT NOT NULL,
        mac BLOB NOT NULL
    )""",
    "CREATE INDEX audit_segment_by_time ON audit_segment (sealed_at)",
    """CREATE TABLE audit_head (
        id BIGINT PRIMARY KEY CHECK (id = 1),
        numbered BIGINT NOT NULL,
        sealed BIGINT NOT NULL,
        segment BIGINT NOT NULL,
        link BLOB
    )""",
    "INSERT INTO audit_head (id, numbered, sealed, segment) VALUES (1, 0, 0, 0)",
    """CREATE TABLE audit_dropped (
        id BIGINT PRIMARY KEY CHECK (id = 1),
        segment BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        link BLOB NOT NULL,
        at BIGINT NOT NULL,
        key_id TEXT NOT NULL,
        mac BLOB NOT NULL,
        signature BLOB NOT NULL
    )""",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
