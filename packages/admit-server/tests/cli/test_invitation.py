"""`admit user add --invite`, `invite` and `recover`: a link for one person, shown once."""

import pytest


def test_somebody_is_added_with_a_link_to_set_their_password(admit):
    added = admit("user", "add", "dora", "--email", "dora@example.com", "--invite", "--json").json()

    assert added["link"].startswith("http://127.0.0.1:8100/invitation?link=adm_inv_")
    assert (added["username"], added["email"], added["mailed_to"]) == ("dora", "dora@example.com", None)
    assert added["expires_at"] - added["starts_at"] == 7 * 86_400


def test_people_read_what_to_do_with_the_link(admit):
    answer = admit("user", "add", "dora", "--invite")
    assert "/invitation?link=adm_inv_" in answer.out
    assert "nobody else reads" in answer.err
    again = admit("user", "invite", "dora")
    assert "/invitation?link=adm_inv_" in again.out
    assert "adm_inv" not in again.err


def test_whoever_is_invited_sets_the_password_alone(admit):
    """OWASP ASVS 5.0, 6.4.6: an administrator does not choose it."""
    assert admit("user", "add", "dora", "--invite", "--password-stdin", stdin="a few words in a row").code == 2
    assert admit("user", "show", "dora").code == 1


def test_who_can_sign_in_already_is_not_invited(admit):
    admit("user", "set-password", "alice", stdin="a few words in a row")
    answer = admit("user", "invite", "alice")
    assert (answer.code, answer.out) == (1, "")
    assert "recover alice" in answer.err


def test_a_way_back_is_made_and_taken_away(admit):
    made = admit("user", "recover", "alice", "--json").json()
    assert made["link"].startswith("http://127.0.0.1:8100/recovery?link=adm_rec_")
    assert made["expires_at"] - made["starts_at"] == 86_400
    assert admit("user", "recover", "alice", "--cancel", "--json").json()["stopped"]
    assert not admit("user", "recover", "alice", "--cancel", "--json").json()["stopped"]
    assert "nothing to stop" in admit("user", "recover", "alice", "--cancel").err
    actions = [event["action"] for event in admit("audit", "tail", "--json").json()]
    assert {"recovery.begun", "recovery.stopped"} <= set(actions)


def test_the_link_is_in_no_event(admit):
    link = admit("user", "recover", "alice", "--json").json()["link"]
    assert link.rpartition("=")[2] not in admit("audit", "tail", "--json").out


def test_without_mail_nothing_is_mailed(admit):
    answer = admit("user", "recover", "alice", "--mail")
    assert answer.code == 1
    assert "hand it over yourself" in answer.err


@pytest.mark.parametrize("command", ["invite", "recover"])
def test_somebody_unknown_is_one_line(admit, command):
    answer = admit("user", command, "nobody")
    assert answer.err == "admit: There is no user 'nobody'; `admit user list` shows all.\n"


def test_an_invitation_is_mailed_by_the_running_server(admit, tmp_path, post_office):
    """The command queues it; here the command of the test sends what waits."""
    config = tmp_path / "mail.toml"
    config.write_text(
        f'[mail]\nhost = "{post_office.host}"\nport = {post_office.port}\nsecurity = "insecure_plain"\nsender = "a@id.example"\n'
    )
    added = admit("user", "add", "dora", "--email", "dora@example.com", "--invite", "--json", "--config", str(config))
    assert added.json()["mailed_to"] == "dora@example.com"
    assert not post_office.mails, "it waits for the server"
