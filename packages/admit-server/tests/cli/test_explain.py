"""`admit explain`."""

import asyncio

import pytest

from admit_server.app import open_runtime
from admit_server.domain.denial import Check, Denial
from admit_server.settings import load_settings

NUMBER = "den_" + "a" * 22
CHECKS = (
    Check("issuer", "https://id.example", "https://id.example", True),
    Check("end", "later than now", "over since 7 s \x1b[31m", False),
)


@pytest.fixture
def refused(home):
    """A refusal in the database of the command."""

    def keep(**changes):
        fields = {"id": NUMBER, "at": 1_700_000_000, "code": "token_expired", "endpoint": "GET /items"}
        fields |= {"client_id": "web-id", "user_id": None, "network": "192.0.2.1", "checks": CHECKS}
        denial = Denial(**(fields | changes))

        async def inside():
            async with open_runtime(load_settings(data=home), create=False) as rt:

                async def unit(tx):
                    await tx.denials.add(denial)

                await rt.store.write(unit)

        asyncio.run(inside())

    return keep


def test_each_check_is_shown_with_what_was_expected_and_found(admit, refused):
    refused(reported_by="web-id", resource="https://api.example.com")
    text = admit("explain", NUMBER).out

    assert "token_expired" in text
    assert "the library at web" in text
    assert "web (web-id)" in text
    assert "✓ issuer" in text
    assert "✗ end\n    expected  later than now\n    found     over since 7 s" in text
    assert "What mends it: The token's time is over" in text
    assert "\x1b" not in text


def test_the_document_holds_everything(admit, refused):
    refused()
    document = admit("explain", NUMBER, "--json").json()

    assert (document["denial_id"], document["code"], document["source"]) == (NUMBER, "token_expired", "server")
    assert (document["client_id"], document["client_name"], document["username"]) == ("web-id", "web", None)
    assert document["checks"][1] == {
        "name": "end",
        "expected": "later than now",
        "found": "over since 7 s \x1b[31m",
        "passed": False,
    }
    assert document["remedy"]


def test_a_number_that_nothing_is_kept_of_ends_with_1_and_says_why(admit):
    answer = admit("explain", NUMBER)
    assert (answer.code, answer.out) == (1, "")
    assert "Nothing is kept of" in answer.err
    assert admit("explain", "nonsense").code == 1


def test_the_newest_refusals_can_be_listed(admit, refused):
    assert admit("explain", "--recent").err == "No refusal is kept.\n"
    refused()
    refused(id="den_" + "b" * 22, client_id=None, at=1_700_000_001)

    assert [each["denial_id"][4] for each in admit("explain", "--recent", "--json").json()] == ["b", "a"]
    assert [each["client_id"] for each in admit("explain", "--recent", "--client", "web", "--json").json()] == [
        "web-id"
    ]
    assert "GET /items" in admit("explain", "--recent").out


def test_it_takes_one_number_or_the_newest(admit):
    assert admit("explain").code == 2
    assert admit("explain", NUMBER, "--recent").code == 2
