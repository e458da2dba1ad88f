"""Tokens that are bound to a key or a certificate.

Revision ID: 0011
Revises: 0010
"""

from admit_server.storage.migrations.ddl import execute

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Thumbprints that a token is bound to; '' for none.
    "ALTER TABLE access_token ADD COLUMN jkt TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE access_token ADD COLUMN x5t TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE refresh_token ADD COLUMN jkt TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE refresh_token ADD COLUMN x5t TEXT NOT NULL DEFAULT ''",
    # The key that the authorization request named (RFC 9449 section 10).
    "ALTER TABLE authorization_code ADD COLUMN dpop_jkt TEXT NOT NULL DEFAULT ''",
    # Proofs that were taken, so that none is good twice.
    """CREATE TABLE dpop_proof (
        digest BLOB PRIMARY KEY,
        keep_until BIGINT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX dpop_proof_by_end ON dpop_proof (keep_until)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
