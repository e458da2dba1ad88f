"""Tickets of one transaction.

Revision ID: 0009
Revises: 0008
"""

from admit_server.storage.migrations.ddl import execute

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = [
    # Types of transactions as JSON: name to action and sentence. NULL: none.
    "ALTER TABLE resource ADD COLUMN transactions TEXT",
    # The one transaction that the token of this grant is for, as JSON; NULL: it is for no transaction.
    "ALTER TABLE access_grant ADD COLUMN transaction_details TEXT",
]


def upgrade() -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        execute(statement)
