"""Where a sign-in leads back to: a page of ours for the person, never anywhere else."""

import re
from urllib.parse import urlencode

# A path below /account, and nothing that a browser could read as anything else: no host, no scheme, no dots, no query.
_OWN_PAGE = re.compile(r"/account(?:/[a-z]+(?:-[a-z]+)*){0,2}")


def own_page(text: str | None) -> str | None:
    """The path, if it is that of a page for signed-in people; None for anything else (RFC 9700 section 4.11: no open redirect)."""
    return text if text and len(text) <= 64 and _OWN_PAGE.fullmatch(text) else None


def to_sign_in(path: str) -> str:
    """The address of a sign-in that leads back to a page of ours."""
    back = own_page(path)
    return f"/sign-in?{urlencode({'return_to': back})}" if back else "/sign-in"
