"""People look after their own accounts: what happened to them, and the browsers and apps with which they signed in before.

Revision ID: 0016
Revises: 0015
"""

from admit_server.storage.migrations.ddl import execute

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Only for events of people: those of clients and tokens are most of the log, and nobody looks for them this way.
    "CREATE INDEX audit_log_by_actor ON audit_log (actor, seq) WHERE actor >= 'usr_' AND actor < 'usr`'",
    "CREATE INDEX audit_log_by_target ON audit_log (target, seq) WHERE target >= 'usr_' AND target < 'usr`'",
    # A keyed digest of what tells a browser or an app, so that the table alone tells nobody's devices.
    """CREATE TABLE known_device (
        user_id TEXT NOT NULL,
        digest BLOB NOT NULL,
        first_seen_at BIGINT NOT NULL,
        last_seen_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, digest)
    ) WITHOUT ROWID""",
    "CREATE INDEX known_device_by_last_seen ON known_device (last_seen_at)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
