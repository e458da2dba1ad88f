"""`admit user`."""

import pytest

PASSWORD = "a few words in a row"


def test_adding_prints_the_id_and_the_name(admit):
    added = admit(
        "user", "add", "bob", "--email", "bob@example.com", "--role", "admin editor", "--role", "admin", "--json"
    ).json()

    assert added["user_id"].startswith("usr_")
    assert (added["username"], added["email"], added["roles"]) == ("bob", "bob@example.com", ["admin", "editor"])
    assert added["disabled"] is False


def test_people_read_data_on_stdout_and_sentences_on_stderr(admit):
    answer = admit("user", "add", "bob")

    assert answer.code == 0
    assert answer.out.splitlines()[1] == "username  bob"
    assert answer.err.splitlines() == ["Added bob.", "They can't sign in before `admit user set-password bob`."]


def test_with_json_nothing_but_the_document_is_printed(admit):
    answer = admit("user", "add", "bob", "--json")

    assert answer.json()["username"] == "bob"
    assert answer.err == ""


def test_a_password_from_standard_input_lets_the_person_sign_in(admit):
    assert admit("user", "add", "bob", "--password-stdin", stdin=PASSWORD + "\n").code == 0

    assert admit("user", "show", "bob", "--json").json()["authenticators"] == ["password"]
    assert admit("user", "show", "alice", "--json").json()["authenticators"] == []


def test_a_password_can_come_from_a_file(admit, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\r\n")

    assert admit("user", "add", "bob", "--password-file", str(file)).code == 0
    missing = admit("user", "add", "carl", "--password-file", str(tmp_path / "nothing"))
    assert (missing.code, "can't be read" in missing.err) == (1, True)


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"", "No password came"),
        (b"\n", "No password came"),
        (b"short\n", "at least 15 characters"),
        (b"\xff\xfe not text at all\n", "not UTF-8"),
        (b"two lines of words\nand more of them\n", "more than one line"),
        (b"x" * 70_000, "too long"),
    ],
)
def test_a_password_that_can_not_be_one_adds_nobody(admit, stdin, says):
    answer = admit("user", "add", "bob", "--password-stdin", stdin=stdin)

    assert answer.code == 1
    assert says in answer.err
    assert len(admit("user", "list", "--json").json()) == 1


def test_the_list_is_an_array_or_aligned_columns(admit):
    admit("user", "add", "bob")

    assert [user["username"] for user in admit("user", "list", "--json").json()] == ["alice", "bob"]
    head, alice, bob = admit("user", "list").out.splitlines()
    assert head.split()[:2] == ["USERNAME", "USER_ID"]
    assert alice.index("usr_") == bob.index("usr_") == head.index("USER_ID")


def test_disabling_and_enabling_say_what_changed(admit):
    assert admit("user", "disable", "alice", "--json").json()["changed"] is True
    assert admit("user", "disable", "alice", "--json").json()["changed"] is False
    assert "disabled already" in admit("user", "disable", "alice").err
    assert admit("user", "enable", "alice", "--json").json()["disabled"] is False


def test_setting_a_password_takes_the_id_as_well(admit):
    user_id = admit("user", "show", "alice", "--json").json()["user_id"]

    assert admit("user", "set-password", user_id, stdin=PASSWORD).code == 0
    assert admit("user", "show", "alice", "--json").json()["authenticators"] == ["password"]


@pytest.mark.parametrize(
    "command", [("show", "nobody"), ("disable", "nobody"), ("enable", "nobody"), ("set-password", "nobody")]
)
def test_somebody_unknown_is_one_line_that_says_what_to_do(admit, command):
    answer = admit("user", *command, stdin=PASSWORD)

    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "admit: There is no user 'nobody'; `admit user list` shows all.\n"


def test_roles_and_address_are_changed_and_somebody_is_deleted(admit):
    admit("user", "add", "carol", "--role", "editor")

    changed = admit("user", "update", "carol", "--role", "writer auditor", "--email", "c@example.com", "--json").json()
    assert (changed["roles"], changed["email"]) == (["writer", "auditor"], "c@example.com")
    assert admit("user", "update", "carol", "--no-roles", "--json").json()["roles"] == []
    assert admit("user", "update", "carol").code == 2
    gone = admit("user", "delete", "carol", "--json").json()
    assert (gone["username"], gone["deleted"]) == ("carol", True)
    assert admit("user", "show", "carol").code == 1
