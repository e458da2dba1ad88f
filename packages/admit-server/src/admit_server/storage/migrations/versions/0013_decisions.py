"""Recorded decisions, and the rules by which grants were made.

Revision ID: 0013
Revises: 0012
"""

from admit_server.storage.migrations.ddl import execute

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = [
    # From which rules the policy of this grant came about, as JSON; NULL: it was made before they were kept.
    "ALTER TABLE access_grant ADD COLUMN rules TEXT",
    # What one server process decided within about a second: one row, packed, so that recording costs next to nothing.
    """CREATE TABLE decision_batch (
        at BIGINT NOT NULL,
        id TEXT NOT NULL,
        amount BIGINT NOT NULL,
        dropped BIGINT NOT NULL,
        packed BLOB NOT NULL,
        PRIMARY KEY (at, id)
    )""",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
