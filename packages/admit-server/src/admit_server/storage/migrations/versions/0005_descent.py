"""Tokens made from other tokens.

Revision ID: 0005
Revises: 0004
"""

from admit_server.storage.migrations.ddl import execute

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = [
    # From which token the one of this grant was made, as JSON; NULL: it was not made from another.
    "ALTER TABLE access_grant ADD COLUMN descent TEXT",
    "CREATE INDEX grant_child_by_expiry ON access_grant (expires_at) WHERE descent IS NOT NULL",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
