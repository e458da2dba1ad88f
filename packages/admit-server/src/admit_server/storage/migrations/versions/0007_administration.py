"""Administration: one act after the other, answers that are given again, and two secrets of a client for a time.

Revision ID: 0007
Revises: 0006
"""

from admit_server.storage.migrations.ddl import execute

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Its one row is locked by whoever acts, so that what was compared stays as it is until something is written.
    "CREATE TABLE act_turn (id BIGINT PRIMARY KEY, taken BIGINT NOT NULL)",
    "INSERT INTO act_turn (id, taken) VALUES (1, 0)",
    # What a request with an Idempotency-Key was answered, sealed: an answer may hold a secret.
    """CREATE TABLE act_answer (
        holder TEXT NOT NULL,
        key_digest BLOB NOT NULL,
        request_digest BLOB NOT NULL,
        answer BLOB,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (holder, key_digest)
    ) WITHOUT ROWID""",
    "CREATE INDEX act_answer_by_expiry ON act_answer (expires_at)",
    # The secret before the last one, and until when it still passes.
    "ALTER TABLE client ADD COLUMN old_secret_digest BLOB",
    "ALTER TABLE client ADD COLUMN old_secret_until BIGINT",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
