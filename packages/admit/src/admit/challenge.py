"""What a protected resource says when it refuses: `WWW-Authenticate` challenges and problem documents.

Spec: RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1, RFC 9457.
"""

from __future__ import annotations

from collections.abc import Mapping

PROBLEM_TYPE = "application/problem+json"
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    503: "Service Unavailable",
}


def one(scheme: str, parameters: Mapping[str, str | int | None]) -> str:
    """Return one challenge, such as for the schemes `Bearer` and `DPoP`. Parameters that are None are left out.

    Values are quoted strings in which nothing can end the string or the header line: quotes and backslashes are
    escaped, control characters and everything outside ASCII become "?" (RFC 9110 section 5.6.4).
    """
    pairs = [f"{name}={_quoted(str(value))}" for name, value in parameters.items() if value is not None]
    return f"{scheme} {', '.join(pairs)}" if pairs else scheme


def problem(*, status: int, code: str, detail: str | None = None, denial_id: str | None = None) -> dict[str, object]:
    """Return a problem document as a mapping.

    `type` is "about:blank" and `title` the phrase of the status (RFC 9457 section 4.2.1); `code` is the stable name to
    act on. `detail` belongs into a response only where the reader may know everything about the token.
    """
    document: dict[str, object] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
    }
    if detail is not None:
        document["detail"] = detail
    if denial_id is not None:
        document["denial_id"] = denial_id
    return document


def _quoted(text: str) -> str:
    plain = "".join(char if " " <= char <= "~" else "?" for char in text)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
