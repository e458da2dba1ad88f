"""Tickets for exactly one transaction."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.limits import body_digest
from admit_server.domain.errors import InvalidAuthorizationDetails, NotAllowed
from admit_server.domain.transaction import LASTS_S, Transaction, TransactionType, read_details

API = "https://api.example"
PAYMENT = TransactionType("POST /payments", "Pay {amount} {currency} to {payee}")
TYPES = {"payment": PAYMENT}
BODY = body_digest(b"{}")
GOOD = {"type": "payment", "amount": "12.00", "currency": "EUR", "payee": "ACME", "body_sha256": BODY}


def read(details, **more):
    return read_details([details | more], types=TYPES, audience=API)


def test_a_transaction_is_read_and_granted_with_what_its_type_adds():
    found = read(GOOD, reference=7)
    assert found.sentence(PAYMENT.text) == (
        ("Pay ", False), ("12.00", True), (" ", False), ("EUR", True), (" to ", False), ("ACME", True),
    )  # fmt: skip
    assert found.values == (("amount", "12.00"), ("currency", "EUR"), ("payee", "ACME"), ("reference", 7))
    about = {"locations": [API], "actions": ["POST /payments"]}
    assert found.details(API) == [GOOD | about | {"reference": 7}]
    assert read(found.details(API)[0]) == found
    assert Transaction.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_its_ticket_works_once_for_its_action_and_not_for_long():
    policy = read(GOOD).policy
    assert (policy.max_uses, policy.lifetime_s, policy.end_with_session) == (1, LASTS_S, True)
    assert policy.actions == frozenset({frozenset({"POST /payments"})})


@pytest.mark.parametrize("listed", [None, {}, [], "nonsense", GOOD, [GOOD, GOOD], [1], [[GOOD]], [None]])
def test_anything_but_a_list_of_one_object_is_refused(listed):
    with pytest.raises(InvalidAuthorizationDetails):
        read_details(listed, types=TYPES, audience=API)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "transfer"}, {"type": 1}, {"type": None},
        {"locations": ["https://other.example"]}, {"locations": [API, "https://other.example"]}, {"locations": API},
        {"actions": ["GET /payments"]}, {"actions": []}, {"actions": ["POST /payments", "GET /all"]},
        {"body_sha256": ""}, {"body_sha256": None}, {"body_sha256": BODY[:-1]}, {"body_sha256": BODY + "="},
        {"body_sha256": BODY[:-1] + "B"},
        {"amount": 12.5}, {"amount": True}, {"amount": None}, {"amount": ["1"]}, {"amount": 2**53}, {"amount": ""}, {"amount": "x" * 201},
        {"payee": "AC\u202eME"}, {"payee": "AC\u200bME"}, {"payee": "AC\nME"}, {"payee": " ACME"}, {"payee": "ACME\u00a0"},
        {"payee": "ACME\u3164"}, {"payee": "AC\u034fME"}, {"payee": "AC\u2800ME"}, {"payee": "ACME\ufe0f"}, {"payee": "ACME\U000e0100"},
        {"bad name": "x"}, {"": "x"}, {"_x": "y"}, {f"n{number}": number for number in range(14)},
    ],
)  # fmt: skip
def test_whatever_its_type_does_not_allow_is_refused(wrong):
    """RFC 9396 section 5."""
    with pytest.raises(InvalidAuthorizationDetails):
        read(GOOD | wrong)


@pytest.mark.parametrize("name", ["amount", "currency", "payee", "type", "body_sha256"])
def test_nothing_that_the_person_has_to_read_may_be_missing(name):
    with pytest.raises(InvalidAuthorizationDetails):
        read({key: value for key, value in GOOD.items() if key != name})


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers() | st.floats() | st.none(), max_size=6))
def test_whatever_was_read_shows_the_person_every_value(more):
    try:
        found = read(more | GOOD)
    except InvalidAuthorizationDetails:
        return
    assert {name for name, _ in found.values} == (set(more) | set(GOOD)) - {
        "type",
        "body_sha256",
        "locations",
        "actions",
    }


@pytest.mark.parametrize(
    ("name", "action", "text"),
    [
        ("Payment", "POST /p", "Pay {amount}"),
        ("payment", "POST", "Pay {amount}"),
        ("payment", "payments.make", "Pay {amount}"),
        ("payment", "POST /p/*", "Pay {amount}"),
        ("payment", "* /p", "Pay {amount}"),
        ("payment", "POST /p", "Pay"),
        ("payment", "POST /p", ""),
        ("payment", "POST /p", "Pay {amount} {"),
        ("payment", "POST /p", "Pay {amount:>8}"),
        ("payment", "POST /p", "Pay {amount}\nnow"),
        ("payment", "POST /p", "Pay {type} {amount}"),
        ("payment", "POST /p", "Pay {amount}" + "x" * 300),
    ],
)
def test_a_type_that_leaves_room_for_doubt_is_refused(name, action, text):
    with pytest.raises(NotAllowed):
        TransactionType(action, text).check(name)


def test_a_good_type_passes():
    PAYMENT.check("payment")
    TransactionType("DELETE /accounts/7", "Close {account}").check("account.close-7:now")
