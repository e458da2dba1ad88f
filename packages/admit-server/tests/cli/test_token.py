"""`admit token` and `admit session`."""

import sqlite3
import time
from contextlib import closing

import pytest

API = "https://api.example.com"
ISSUE = ("token", "issue", "--user", "alice", "--client", "web", "--resource", API)


def test_issuing_prints_the_answer_of_a_token_endpoint(admit):
    issued = admit(*ISSUE, "--scope", "notes:read", "--json").json()

    assert issued["token_type"] == "Bearer"
    assert issued["expires_in"] == 600
    assert issued["scope"] == "notes:read"
    assert issued["refresh_token"].startswith("adm_rt_")
    assert issued["grant_id"].startswith("grt_")


def test_people_get_the_bare_token_to_pipe_on(admit):
    answer = admit(*ISSUE)

    assert answer.out.count(".") == 2
    assert len(answer.out.split()) == 1
    assert "good for 10m" in answer.err


def test_a_service_gets_no_refresh_token(admit):
    issued = admit("token", "issue", "--user", "alice", "--client", "service", "--resource", API, "--json").json()

    assert "refresh_token" not in issued


def test_inspecting_tells_whose_token_it_is(admit):
    text = admit(*ISSUE).out

    found = admit("token", "inspect", "--json", stdin=text).json()

    assert found["active"] is True
    assert (found["username"], found["client_id"], found["aud"]) == ("alice", "web-id", API)
    assert (found["kind"], found["format"]) == ("access_token", "jwt")
    assert "good" in admit("token", "inspect", stdin=text).out


def test_a_revoked_token_is_dead_with_its_code(admit):
    text = admit(*ISSUE).out

    assert admit("token", "revoke", "--json", stdin=text).json()["revoked"] is True
    found = admit("token", "inspect", "--json", stdin=text).json()
    assert (found["active"], found["code"]) == (False, "token_revoked")
    again = admit("token", "revoke", stdin=text)
    assert (again.code, again.err) == (0, "It was dead already: it was revoked, or its grant has ended.\n")


def test_revoking_a_refresh_token_ends_the_access_token_too(admit):
    issued = admit(*ISSUE, "--json").json()

    assert admit("token", "inspect", "--json", stdin=issued["refresh_token"]).json()["active"] is True
    assert admit("token", "revoke", "--json", stdin=issued["refresh_token"]).json()["kind"] == "refresh_token"
    assert admit("token", "inspect", "--json", stdin=issued["access_token"]).json()["code"] == "token_revoked"
    assert admit("token", "inspect", "--json", stdin=issued["refresh_token"]).json()["active"] is False


@pytest.mark.parametrize("text", ["nonsense", "adm_at_cut", "a.b.c"])
def test_what_is_no_token_of_ours_can_be_inspected_but_not_revoked(admit, text):
    assert admit("token", "inspect", "--json", stdin=text).json() == {
        "active": False,
        "code": "malformed_token",
        "kind": "access_token",
    }
    answer = admit("token", "revoke", stdin=text)
    assert answer.code == 1
    assert "Nothing to revoke" in answer.err
    assert text not in answer.err


def test_a_token_is_never_taken_from_the_command_line(admit):
    assert admit("token", "inspect", "adm_at_secret").code == 2
    assert admit("token", "inspect").code == 1


def test_another_issuer_is_another_house(admit):
    text = admit(*ISSUE, "--issuer", "https://id.example.com").out

    assert admit("token", "inspect", "--json", "--issuer", "https://id.example.com", stdin=text).json()["active"]
    assert admit("token", "inspect", "--json", stdin=text).json()["code"] == "malformed_token"


def test_tokens_carry_the_issuer_of_the_last_server_unless_the_settings_name_one(admit, home, monkeypatch):
    (home / "issuer").write_text("http://127.0.0.1:8123\n")
    text = admit(*ISSUE).out
    assert admit("token", "inspect", "--json", stdin=text).json()["iss"] == "http://127.0.0.1:8123"

    monkeypatch.setenv("ADMIT_SERVER__ISSUER", "https://id.example.com")
    text = admit(*ISSUE).out
    assert admit("token", "inspect", "--json", stdin=text).json()["iss"] == "https://id.example.com"


def test_refusals_to_issue_say_what_to_do(admit):
    admit("resource", "add", "https://other.example")
    assert "was not added for" in admit(*ISSUE[:-1], "https://other.example").err
    admit("user", "disable", "alice")
    assert "admit user enable alice" in admit(*ISSUE).err


def test_with_nobody_signed_in_the_list_is_empty(admit):
    assert admit("session", "list", "--json").json() == []
    answer = admit("session", "list")
    assert (answer.code, answer.out, answer.err) == (0, "", "Nobody is signed in.\n")


def test_ending_takes_one_session_or_one_person(admit):
    assert admit("session", "end").code == 2
    assert admit("session", "end", "ses_x", "--user", "alice").code == 2
    assert admit("session", "end", "ses_x").code == 1
    assert admit("session", "end", "--user", "alice", "--json").json()["ended"] == 0
    assert admit("session", "list", "--limit", "0").code == 2


def test_a_single_token_is_limited_beside_all_rules(admit):
    admit("policy", "set", "office", "--network", "10.0.0.0/8")
    words = ["--user", "alice", "--client", "web", "--resource", API]
    limits = ["--policy", "office", "--max-uses", "3", "--lifetime", "5m", "--action", "GET /notes"]

    issued = admit("token", "issue", *words, *limits, "--json").json()
    seen = admit("token", "inspect", "--json", stdin=issued["access_token"]).json()

    assert issued["expires_in"] == 300
    assert "refresh_token" not in issued, "each refresh would give as many uses again"
    assert seen["limits"] == {"actions": [["GET /notes"]], "networks": [["10.0.0.0/8"]], "max_uses": 3}
    assert (seen["uses_left"], seen["last_used_at"]) == (3, None)
    lines = admit("token", "inspect", stdin=issued["access_token"]).out
    assert "uses left" in lines
    assert "GET /notes" in lines
    assert "refresh_token" in admit("token", "issue", *words, "--lifetime", "5m", "--json").json()


def test_a_limit_of_a_single_token_is_judged_like_one_of_a_policy(admit):
    words = ["--user", "alice", "--client", "web", "--resource", API]

    assert "host bits" in admit("token", "issue", *words, "--network", "10.0.0.1/8").err
    assert "1..1000000" in admit("token", "issue", *words, "--max-uses", "0").err


def test_a_session_is_shown_with_the_leases_of_its_apps(admit, home):
    user_id = next(u["user_id"] for u in admit("user", "list", "--json").json() if u["username"] == "alice")
    later = int(time.time()) + 1000
    with closing(sqlite3.connect(home / "admit.db")) as database, database:
        database.execute(
            """INSERT INTO session (id, user_id, auth_time, amr, acr, network, user_agent, created_at, expires_at, jwt_alive_until)
               VALUES ('ses_1', ?, 1, '["pwd"]', 'urn:admit:acr:1fa', '192.0.2.1', '', 1, ?, 0)""",
            (user_id, later),
        )
        database.execute(
            """INSERT INTO lease (id, digest, client_id, session_id, length_s, created_at, ends_at)
               VALUES ('lse_1', x'00', 'web-id', 'ses_1', 180, 1, ?)""",
            (later,),
        )
    shown = admit("session", "show", "ses_1", "--json").json()

    assert (shown["session_id"], shown["username"]) == ("ses_1", "alice")
    assert shown["leases"] == [{"lease_id": "lse_1", "client_id": "web-id", "length_s": 180, "ends_at": later}]
    assert "web: until" in admit("session", "show", "ses_1").out
    assert "admit session list" in admit("session", "show", "ses_2").err


def test_a_token_on_a_lease_comes_with_it_and_tells_its_end(admit):
    admit("policy", "set", "while-it-runs", "--lease", "60s")
    issued = admit(*ISSUE, "--policy", "while-it-runs", "--json").json()
    found = admit("token", "inspect", "--json", stdin=issued["access_token"]).json()

    assert issued["lease"].startswith("adm_ls_")
    assert issued["lease_expires_in"] == 60
    assert 50 < found["lease_ends_at"] - time.time() <= 60
    assert "lease_ends_at" in admit("token", "inspect", stdin=issued["access_token"]).out


def test_a_token_of_the_administration_api_needs_no_client(admit):
    admit("user", "add", "chief", "--role", "admin")

    issued = admit("token", "issue", "--user", "chief", "--resource", "admin", "--json").json()
    assert "users:write" in issued["scope"]
    [grant] = admit("token", "list", "--user", "chief", "--json").json()
    assert (grant["grant_id"], grant["client_id"]) == (issued["grant_id"], "admit-admin")
    assert admit("token", "issue", "--user", "chief", "--resource", "https://api.example.com").code == 2
