"""`admit rule`."""

API = "https://api.example.com"


def test_a_rule_is_added_listed_shown_changed_and_deleted(admit):
    made = admit("rule", "add", "--path", "/notes/**", "--resource", API, "--scope", "notes:read", "--json").json()
    assert (made["host"], made["path"], made["scopes"], made["public"]) == ("*", "/notes/**", ["notes:read"], False)
    assert admit("rule", "show", made["id"], "--json").json() == made
    assert admit("rule", "list", "--json").json() == [made]
    changed = admit("rule", "update", made["id"], "--method", "GET PUT", "--redeem", "--json").json()
    assert (changed["methods"], changed["redeem"], changed["scopes"]) == (["GET", "PUT"], True, ["notes:read"])
    public = admit("rule", "update", made["id"], "--public", "--all-methods", "--json").json()
    assert (public["resource"], public["scopes"], public["redeem"], public["methods"]) == (None, [], False, [])
    assert admit("rule", "delete", made["id"], "--json").json() == {"id": made["id"], "deleted": True}
    assert "refuses everything" in admit("rule", "list").err


def test_the_list_begins_with_the_most_specific(admit):
    for path in ("/**", "/a/**", "/a"):
        admit("rule", "add", "--path", path, "--public")
    assert [rule["path"] for rule in admit("rule", "list", "--json").json()] == ["/a", "/a/**", "/**"]


def test_what_cannot_be_done_says_why(admit):
    assert admit("rule", "add", "--public").code == 2
    assert admit("rule", "add", "--path", "/x").code == 2
    assert admit("rule", "add", "--path", "/x", "--public", "--resource", API).code == 2
    assert "no resource" in admit("rule", "add", "--path", "/x", "--resource", "https://none.example").err
    assert "as it is routed" in admit("rule", "add", "--path", "/x/../y", "--public").err
    assert "no rule" in admit("rule", "delete", "rul_none").err
    admit("policy", "set", "once", "--max-uses", "1")
    assert "when a token is issued" in admit("rule", "add", "--path", "/x", "--public", "--policy", "once").err


def test_trying_out_names_the_rule_and_the_answer_and_counts_nothing(admit):
    rule = admit("rule", "add", "--path", "/notes/**", "--resource", API, "--redeem", "--json").json()
    issue = ["token", "issue", "--user", "alice", "--client", "web", "--resource", API, "--max-uses", "1"]
    token = admit(*issue).out.strip()
    where = ["--host", "x.example", "--path", "/notes/7"]
    for _ in range(3):
        tried = admit("rule", "test", *where, "--json", stdin=token).json()
        assert (tried["status"], tried["use"], tried["rule"]["id"]) == (200, "here", rule["id"])
    assert "one use" in admit("rule", "test", *where, stdin=token).out
    refused = admit("rule", "test", *where, "--no-token", "--json").json()
    assert (refused["status"], refused["code"]) == (401, "missing_token")
    nowhere = admit("rule", "test", "--host", "x.example", "--path", "/other", "--no-token", "--json").json()
    assert (nowhere["status"], nowhere["code"], nowhere["rule"]) == (403, "no_rule", None)
    assert "ambiguous_request" in admit("rule", "test", "--host", "x.example", "--path", "/a/../b", "--no-token").err
