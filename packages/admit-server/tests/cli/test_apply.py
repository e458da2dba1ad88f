"""`admit apply`."""

import json
import tomllib

import pytest

REALM = """
[policies.short]
lifetime_s = 300

[roles.clerk]
scopes = ["orders:write"]

[resources."https://orders.example"]
scopes = { "orders:read" = "See your \\"orders\\"", "orders:write" = "Change your orders" }

[clients."The Shop"]
redirect_uris = ["https://shop.example/cb"]
audiences = ["https://orders.example"]
policy = "short"

[users.carol]
roles = ["clerk"]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "realm.toml"
    path.write_text(REALM)
    return path


def test_a_file_is_applied_and_applied_again_it_changes_nothing(admit, file):
    tried = admit("apply", "-f", str(file), "--dry-run")
    first = admit("apply", "-f", str(file))

    assert "+ client The Shop" in tried.out
    assert "adm_cs_" not in tried.out
    assert "Would change 5 things" in tried.err
    assert "adm_cs_" in first.out
    assert admit("user", "show", "carol", "--json").json()["roles"] == ["clerk"]
    again = admit("apply", "-f", str(file))
    assert (again.out, again.err) == ("", "Everything is as the file says.\n")


def test_what_is_shown_is_a_file_that_changes_nothing(admit, file, tmp_path):
    admit("apply", "-f", str(file))
    shown = admit("apply", "--show").out

    (tmp_path / "shown.toml").write_text(shown)
    assert tomllib.loads(shown)["resources"]["https://orders.example"]["scopes"]["orders:read"] == 'See your "orders"'
    assert "adm_" not in shown
    done = admit("apply", "-f", str(tmp_path / "shown.toml"), "--prune", "--json").json()
    assert done == {"dry_run": False, "changes": [], "secrets": []}


def test_a_change_is_told_line_by_line(admit, file):
    admit("apply", "-f", str(file))
    file.write_text(REALM.replace("300", "60"))

    assert admit("apply", "-f", str(file)).out == "~ policy short\n    lifetime_s: 300 -> 60\n"


def test_secrets_may_go_to_a_file_for_its_owner_only(admit, file, tmp_path):
    kept = tmp_path / "secrets.json"

    done = admit("apply", "-f", str(file), "--secrets-to", str(kept), "--json")

    [secret] = json.loads(kept.read_text())
    assert (secret["client"], kept.stat().st_mode & 0o777) == ("The Shop", 0o600)
    assert secret["client_secret"] not in done.out
    assert "exists already" in admit("apply", "-f", str(file), "--secrets-to", str(kept)).err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[clients.Shop]\nredirect_uri = []", "Did you mean 'redirect_uris'?"),
        ("[polices]", "Did you mean 'policies'?"),
        ("no toml", "is not TOML"),
        ('[users.carol]\nroles = ["Not A Role"]', "A role is a lower-case word"),
    ],
)
def test_what_can_not_be_applied_says_why(admit, file, text, words):
    file.write_text(text)

    answer = admit("apply", "-f", str(file))

    assert answer.code == 1
    assert words in answer.err


def test_a_file_or_show_and_not_both(admit, file, tmp_path):
    assert admit("apply").code == 2
    assert admit("apply", "-f", str(file), "--show").code == 2
    assert "can't be read" in admit("apply", "-f", str(tmp_path / "nothing.toml")).err
