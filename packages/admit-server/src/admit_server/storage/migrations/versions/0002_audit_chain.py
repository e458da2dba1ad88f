"""The audit's chain.

Revision ID: 0002
Revises: 0001
"""

from admit_server.storage.migrations.ddl import execute

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS: list[str] = []


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
