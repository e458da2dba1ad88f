"""Passwords that other systems hashed: which makes of hashes are in use, so that failures take as long as the slowest.

Revision ID: 0017
Revises: 0016
"""

from admit_server.storage.migrations.ddl import execute

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATEMENTS = [
    # `stand_in` is a hash of that make that belongs to nobody.
    """CREATE TABLE password_scheme (
        parameters TEXT PRIMARY KEY,
        stand_in TEXT NOT NULL,
        imported_at BIGINT NOT NULL
    )""",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
