"""Credentials that people name, rules of sign-ins, and what a session proved.

Revision ID: 0014
Revises: 0013
"""

from admit_server.storage.migrations.ddl import execute

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = [
    # What the person calls it.
    "ALTER TABLE credential ADD COLUMN label TEXT NOT NULL DEFAULT ''",
    # By which a response finds its credential before anybody said who they are; NULL where none does.
    "ALTER TABLE credential ADD COLUMN lookup TEXT",
    "CREATE UNIQUE INDEX credential_by_lookup ON credential (authenticator, lookup)",
    # What was proven, as JSON; a later sign-in with this session may go on from there. NULL: made before it was kept.
    "ALTER TABLE session ADD COLUMN proofs TEXT",
    """CREATE TABLE sign_in_rule (
        name TEXT PRIMARY KEY,
        requires TEXT NOT NULL,
        client_id TEXT,
        audience TEXT,
        role TEXT,
        network TEXT,
        outside TEXT,
        risk TEXT,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )""",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
