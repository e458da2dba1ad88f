"""Denials that libraries report, and samples of strangers' refusals.

Revision ID: 0003
Revises: 0002
"""

from admit_server.storage.migrations.ddl import execute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS: list[str] = [
    "ALTER TABLE denial ADD COLUMN grant_id TEXT",
    "ALTER TABLE denial ADD COLUMN token_id TEXT",
    "ALTER TABLE denial ADD COLUMN session_id TEXT",
    "ALTER TABLE denial ADD COLUMN resource TEXT",
    "ALTER TABLE denial ADD COLUMN reported_by TEXT",
    "CREATE INDEX denial_by_client ON denial (client_id, at)",
    # Strangers write here only, a bounded number a minute: they can't crowd out what the other table is for.
    """CREATE TABLE denial_sample (
        id TEXT PRIMARY KEY,
        at BIGINT NOT NULL,
        code TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        client_id TEXT,
        user_id TEXT,
        network TEXT NOT NULL,
        checks TEXT NOT NULL,
        grant_id TEXT,
        token_id TEXT,
        session_id TEXT,
        resource TEXT,
        reported_by TEXT
    )""",
    "CREATE INDEX denial_sample_by_time ON denial_sample (at)",
    """CREATE TABLE denial_budget (
        holder TEXT NOT NULL,
        minute BIGINT NOT NULL,
        amount BIGINT NOT NULL,
        PRIMARY KEY (holder, minute)
    ) WITHOUT ROWID""",
    "CREATE INDEX denial_budget_by_minute ON denial_budget (minute)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
