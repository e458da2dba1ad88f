"""The text of authorization_details."""

import pytest

from admit_server.domain.errors import InvalidAuthorizationDetails
from admit_server.flows.transaction_details import LONGEST, parse_details


def test_json_is_read_and_what_was_not_sent_is_nothing():
    assert parse_details('[{"type": "payment", "amount": 5}]') == [{"type": "payment", "amount": 5}]
    assert parse_details(None) is None


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", '[{"type":"a","type":"b"}]', "[" * 40, "[{}],1", '[{}],"type":[{}]', '[{}],"details":[{}]', "[{}]}", "[NaN]",
     " " * (LONGEST + 1), '["\\ud800"]'],
)  # fmt: skip
def test_a_text_that_two_programs_could_read_in_two_ways_is_refused(text):
    with pytest.raises(InvalidAuthorizationDetails):
        parse_details(text)
