"""`admit user import`."""

import json

import pytest

BCRYPT = "$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
FIREBASE = """hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
"""
OF_FIREBASE = {
    "username": "fire",
    "password_hash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    "salt": "42xEC+ixf3L2lw==",
}


@pytest.fixture
def file(tmp_path):
    def write(*lines):
        path = tmp_path / "people.jsonl"
        path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
        return str(path)

    return write


def test_people_of_a_file_are_there_afterwards(admit, file):
    path = file(
        {"username": "ann", "email": "ann@example.com", "roles": ["editor"], "password_hash": BCRYPT},
        "",
        {"username": "bob", "disabled": True},
    )
    dry = admit("user", "import", path, "--dry-run", "--json").json()
    assert dry == {"imported": 0, "dry_run": True, "people": 2, "schemes": {"$2b$04": 1, "": 1}}
    assert admit("user", "show", "ann").code == 1

    done = admit("user", "import", path)
    assert done.code == 0, done.err
    assert "Imported 2 people." in done.err
    ann = admit("user", "show", "ann", "--json").json()
    assert (ann["roles"], ann["authenticators"]) == (["editor"], ["password"])
    assert admit("user", "show", "bob", "--json").json()["disabled"] is True


def test_standard_input_serves_as_well(admit):
    assert admit("user", "import", "-", stdin=b'\xef\xbb\xbf{"username": "ann"}\r\n').code == 0
    assert admit("user", "show", "ann").code == 0


def test_of_firebase_the_parameters_of_the_project_come_from_a_file(admit, file, tmp_path):
    (tmp_path / "hash_config").write_text(FIREBASE)
    arguments = ["--scheme", "firebase", "--firebase", str(tmp_path / "hash_config"), "--json"]

    assert admit("user", "import", file(OF_FIREBASE), *arguments).json()["schemes"] == {
        "$firebase-scrypt$ln=14,r=8,p=1": 1
    }
    (tmp_path / "hash_config").write_text("rounds: 8")
    refused = admit("user", "import", file(OF_FIREBASE), *arguments)
    assert (refused.code, "no hash_config" in refused.err) == (1, True)


def test_what_is_wrong_is_told_by_line_and_nothing_is_written(admit, file):
    path = file(
        {"username": "ann"},
        "{",
        "[1]",
        {"username": "bob", "password": "secret"},
        {"username": "bob", "roles": "admin"},
        {"username": "bob", "disabled": 1},
        {"username": "bob", "password_hash": 7},
        {"username": ["bob"]},
        '{"username": "a", "username": "b"}',
        "[" * 20_000,
        '"' + "x" * 40_000,
        {"username": "bob\u0007"},
        {"username": "alice"},
        {"username": "carl", "password_hash": "plain"},
    )
    answer = admit("user", "import", path)

    assert answer.code == 1
    told = dict(
        line.removeprefix("line ").split(": ", 1) for line in answer.err.splitlines() if line.startswith("line")
    )
    assert [*told] == [str(number) for number in range(2, 15)]
    for number, words in {
        "2": "not JSON", "3": "not a JSON object", "4": "'password' is not known", "5": "list of texts", "6": "true or false",
        "7": "is a text, or an object", "8": "'username' is a text", "9": "twice", "10": "nested|not JSON", "11": "longer than",
        "12": "printed", "13": "already", "14": "does not say",
    }.items():  # fmt: skip
        assert any(word in told[number] for word in words.split("|")), told[number]
    assert "secret" not in answer.err
    assert admit("user", "show", "ann").code == 1


def test_of_many_wrong_lines_the_first_are_told(admit, file):
    answer = admit("user", "import", file(*["x"] * 30))
    assert (answer.code, answer.err.count("not JSON"), "and 10 more" in answer.err) == (1, 20, True)


def test_a_file_that_is_not_there_is_told(admit, tmp_path):
    answer = admit("user", "import", str(tmp_path / "nothing"))
    assert (answer.code, "can't be read" in answer.err) == (1, True)
