"""The built-in policy of pages in browsers.

Revision ID: 0010
Revises: 0009
"""

import time

import sqlalchemy
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# One of that name that somebody made before stays as it is.
ADD = """INSERT INTO token_policy (name, limits, created_at, updated_at) VALUES (:name, :limits, :now, :now)
         ON CONFLICT (name) DO NOTHING"""
LIMITS = '{"end_with_session":true,"lease_s":180,"lifetime_s":600}'


def upgrade() -> None:
    """Put it in place."""
    op.get_bind().execute(sqlalchemy.text(ADD), {"name": "browser", "limits": LIMITS, "now": int(time.time())})
