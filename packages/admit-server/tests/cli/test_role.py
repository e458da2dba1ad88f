"""`admit role`."""


def test_a_role_is_added_listed_shown_changed_and_deleted(admit):
    admit("policy", "set", "once", "--max-uses", "1")
    made = admit("role", "add", "editor", "--policy", "once", "--json").json()

    assert (made["name"], made["policy"]) == ("editor", "once")
    assert admit("role", "show", "editor", "--json").json() == made
    assert admit("role", "list", "--json").json() == [made]
    assert "once" in admit("role", "list").out
    assert admit("role", "update", "editor", "--no-policy", "--json").json()["policy"] is None
    assert admit("role", "delete", "editor", "--json").json() == {"name": "editor", "deleted": True}
    assert "no roles yet" in admit("role", "list").err


def test_what_cannot_be_done_says_why(admit):
    assert "no policy" in admit("role", "add", "editor", "--policy", "none").err
    assert "admit role add" in admit("role", "show", "editor").err
    admit("role", "add", "editor")
    assert "already" in admit("role", "add", "editor").err
    assert admit("role", "update", "editor").code == 2
    assert admit("role", "update", "editor", "--policy", "a", "--no-policy").code == 2


def test_a_role_holds_scopes_and_loses_them(admit):
    made = admit("role", "add", "editor", "--scope", "notes:write notes:read", "--json").json()

    assert made["scopes"] == ["notes:read", "notes:write"]
    assert admit("role", "update", "editor", "--scope", "notes:read", "--json").json()["scopes"] == ["notes:read"]
    assert admit("role", "update", "editor", "--no-scopes", "--json").json()["scopes"] == []
    assert "own and everybody's" in admit("role", "add", "other", "--scope", "openid").err
