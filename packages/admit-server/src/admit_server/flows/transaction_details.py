"""The text of `authorization_details` (RFC 9396 section 2), as strict as everything that strangers send."""

from typing import Any

from admit.jose import Malformed
from admit.jose.strict_json import parse_object

from ..domain.errors import InvalidAuthorizationDetails

LONGEST = 2048


def parse_details(text: str | None) -> Any:
    """The JSON value of the parameter; None where it was not sent.

    Raises:
        InvalidAuthorizationDetails: Too long, no JSON, or a name that stands twice.
    """
    if text is None:
        return None
    if len(text) > LONGEST:
        raise InvalidAuthorizationDetails(f"authorization_details has at most {LONGEST} characters.")
    try:
        # The parser takes objects only; in one, the text has to be one value and nothing else.
        found = parse_object(f'{{"details":{text}}}'.encode(), what="authorization_details", unique=True)
    except Malformed as error:
        rule = "authorization_details is a JSON array, each name once."
        raise InvalidAuthorizationDetails(rule, detail=str(error)) from None
    if set(found) != {"details"}:
        raise InvalidAuthorizationDetails("authorization_details is one JSON value.")
    return found["details"]
