"""All limits of the token policy.

Revision ID: 0004
Revises: 0003
"""

from admit_server.storage.migrations.ddl import execute

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Who is told to enforce limits in the token itself; NULL: a verifier that we know nothing of.
    "ALTER TABLE resource ADD COLUMN verifier TEXT",
    "ALTER TABLE app_user ADD COLUMN policy TEXT REFERENCES token_policy (name)",
    """CREATE TABLE role (
        name TEXT PRIMARY KEY,
        scopes TEXT NOT NULL,
        policy TEXT REFERENCES token_policy (name),
        created_at BIGINT NOT NULL
    )""",
    # What the server counts of one token, opaque or JWT, by its id.
    """CREATE TABLE counted_token (
        token_id TEXT PRIMARY KEY,
        uses_left BIGINT,
        last_used_at BIGINT NOT NULL,
        idle_timeout_s BIGINT,
        expires_at BIGINT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX counted_token_by_expiry ON counted_token (expires_at)",
    # Uses that were counted, so that a repeat gets the same answer and is no second use.
    """CREATE TABLE token_use (
        token_id TEXT NOT NULL,
        use_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (token_id, use_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX token_use_by_time ON token_use (at)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
