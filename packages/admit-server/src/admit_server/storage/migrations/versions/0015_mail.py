"""Mails that wait to be sent.

Revision ID: 0015
Revises: 0014
"""

from admit_server.storage.migrations.ddl import execute

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Whom it goes to and what it says is sealed: a mail may hold a code or a link.
    """CREATE TABLE mail_outbox (
        id TEXT PRIMARY KEY,
        template TEXT NOT NULL,
        user_id TEXT NOT NULL,
        sealed BLOB NOT NULL,
        created_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        attempts BIGINT NOT NULL
    )""",
    "CREATE INDEX mail_outbox_due ON mail_outbox (due_at)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
