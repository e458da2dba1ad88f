"""Denials that libraries report.

Revision ID: 0003
Revises: 0002
"""

from admit_server.storage.migrations.ddl import execute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS: list[str] = []


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
