"""One neutral DDL text for both engines."""

import re

from alembic import op

_WITHOUT_ROWID = re.compile(r"\s+WITHOUT ROWID\s*\Z")
_TABLE = re.compile(r"\s*CREATE TABLE\b")


def for_sqlite(text: str) -> str:
    """SQLite's spelling: whole numbers are INTEGER, and every table is STRICT (a text in a number's column is refused)."""
    text = re.sub(r"\bBIGINT\b", "INTEGER", text)
    if not _TABLE.match(text):
        return text
    if _WITHOUT_ROWID.search(text):
        return _WITHOUT_ROWID.sub(" STRICT, WITHOUT ROWID", text)
    return text.rstrip() + " STRICT"


def for_postgres(text: str) -> str:
    """PostgreSQL's spelling: text sorts and compares by its bytes as on SQLite, whatever the database's collation."""
    text = re.sub(r"\bBLOB\b", "BYTEA", text)
    text = re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', text)
    return _WITHOUT_ROWID.sub("", text)


def execute(text: str) -> None:
    """Run one neutral statement on the database being migrated. It takes no parameters and no string literals."""
    connection = op.get_bind()
    spelled = for_sqlite(text) if connection.dialect.name == "sqlite" else for_postgres(text)
    connection.exec_driver_sql(spelled)
