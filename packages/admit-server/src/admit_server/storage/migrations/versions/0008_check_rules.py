"""The rules of forward authentication.

Revision ID: 0008
Revises: 0007
"""

from admit_server.storage.migrations.ddl import execute

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = [
    """CREATE TABLE check_rule (
        id TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        path TEXT NOT NULL,
        methods TEXT NOT NULL,
        audience TEXT REFERENCES resource (audience),
        scopes TEXT NOT NULL,
        policy TEXT REFERENCES token_policy (name),
        action TEXT,
        redeem BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )""",
    # One row: whoever changes rules holds it, so that no two rules for the same requests can be added at once.
    "CREATE TABLE check_rule_head (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
    "INSERT INTO check_rule_head (id, version) VALUES (1, 0)",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
