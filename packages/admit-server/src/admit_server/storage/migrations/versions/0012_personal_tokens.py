"""Personal tokens.

Revision ID: 0012
Revises: 0011
"""

from admit_server.storage.migrations.ddl import execute

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Whether people may make tokens of their own for it.
    "ALTER TABLE resource ADD COLUMN personal_tokens BIGINT DEFAULT 0 NOT NULL",
    # For secrets that somebody found.
    "CREATE INDEX client_by_secret ON client (secret_digest)",
    # What belongs to a personal token beside its grant and the digest in access_token.
    """CREATE TABLE personal_token (
        id TEXT PRIMARY KEY,
        grant_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        name TEXT NOT NULL,
        hint TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        last_used_at BIGINT,
        last_used_from TEXT NOT NULL,
        reminded_at BIGINT
    ) WITHOUT ROWID""",
    "CREATE INDEX personal_token_by_user ON personal_token (user_id, id)",
    "CREATE INDEX personal_token_by_expiry ON personal_token (expires_at)",
    "CREATE INDEX personal_token_to_remind ON personal_token (expires_at) WHERE reminded_at IS NULL",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
