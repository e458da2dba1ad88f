"""Addresses of people, and links that work once.

Revision ID: 0018
Revises: 0017
"""

from admit_server.storage.migrations.ddl import execute

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STATEMENTS = [
    # app_user.email stays the main address; one that has no row here was given by an administrator and never verified.
    """CREATE TABLE user_email (
        user_id TEXT NOT NULL,
        address_key TEXT NOT NULL,
        address TEXT NOT NULL,
        verified_at BIGINT,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, address_key)
    )""",
    # A verified address belongs to one person; anybody may claim one that they have yet to verify.
    "CREATE UNIQUE INDEX user_email_verified ON user_email (address_key) WHERE verified_at IS NOT NULL",
    # user_id is empty for a link that was made for nobody, so that asking costs the same.
    """CREATE TABLE one_use_link (
        digest BLOB PRIMARY KEY,
        purpose TEXT NOT NULL,
        user_id TEXT NOT NULL,
        data TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        starts_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT
    ) WITHOUT ROWID""",
    "CREATE INDEX one_use_link_by_user ON one_use_link (user_id, purpose)",
    "CREATE INDEX one_use_link_by_expiry ON one_use_link (expires_at)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
