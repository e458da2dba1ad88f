"""All limits of the token policy.

Revision ID: 0004
Revises: 0003
"""

from admit_server.storage.migrations.ddl import execute

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS: list[str] = []


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
