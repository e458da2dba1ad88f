"""When a browser was last here with its session.

Revision ID: 0019
Revises: 0018
"""

from admit_server.storage.migrations.ddl import execute

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STATEMENTS = [
    "ALTER TABLE session ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0",
    # All that is known of those before: the browser was here when somebody signed in with it.
    "UPDATE session SET last_seen_at = auth_time",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
