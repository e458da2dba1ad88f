"""Leases.

Revision ID: 0006
Revises: 0005
"""

from admit_server.storage.migrations.ddl import execute

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = [
    """CREATE TABLE lease (
        id TEXT PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        client_id TEXT NOT NULL,
        session_id TEXT,
        length_s BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        ended_at BIGINT,
        holder TEXT
    )""",
    # One lease for all grants of a session and client, until its end is noted.
    "CREATE UNIQUE INDEX lease_of_app ON lease (session_id, client_id) WHERE ended_at IS NULL",
    "CREATE INDEX lease_by_end ON lease (ends_at) WHERE ended_at IS NULL",
    "CREATE INDEX lease_ended ON lease (ended_at)",
    "ALTER TABLE access_grant ADD COLUMN lease_id TEXT",
    "CREATE INDEX grant_by_lease ON access_grant (lease_id)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
