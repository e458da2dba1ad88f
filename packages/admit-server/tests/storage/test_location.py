"""Reading `--database`."""

from pathlib import Path

import pytest

from admit_server.storage.location import BadLocation, PostgresServer, SqliteFile, locate


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:///var/admit.db", "var/admit.db"),
        ("sqlite:////srv/admit/admit.db", "/srv/admit/admit.db"),
        ("sqlite:////srv/with%20space/a.db", "/srv/with space/a.db"),
        ("var/admit.db", "var/admit.db"),
        ("/srv/a%20b.db", "/srv/a%20b.db"),
    ],
)
def test_a_sqlite_file_is_named_by_url_or_path(text, path):
    assert locate(text) == SqliteFile(Path(path))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_postgresql_url_is_kept_whole(scheme):
    assert locate(f"{scheme}://u:p@h:5/db?sslmode=require") == PostgresServer("postgresql://u:p@h:5/db?sslmode=require")


@pytest.mark.parametrize("text", ["", "sqlite://", "sqlite:///", "sqlite://var/admit.db", "mysql://u:hush@h/db"])
def test_anything_else_is_refused_with_what_is_allowed(text):
    with pytest.raises(BadLocation) as caught:
        locate(text)
    assert "postgresql://" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hush@h:5/db", "postgresql://u@h:5/db?password=hush", "postgresql://u:hush@h:5/db?sslmode=require"],
)
def test_a_password_is_never_shown(url):
    assert str(locate(url)) == "postgresql://u@h:5/db"
