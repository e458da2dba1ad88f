"""How the API refuses: RFC 9457 problems with a stable code and, where it was kept, the number of the refusal."""

from typing import Any

from starlette.responses import Response

from admit.dpop import ALGORITHMS

from ...domain.administration import API_PATH
from ...domain.errors import (
    AdministrationError,
    Busy,
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidDpopProof,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
    UseDpopNonce,
)
from .. import responses


class BadInput(Exception):
    """What came in can't be read (400), is of another type (415), or does not fit (422). `field` names the member."""

    def __init__(self, status: int, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field

    @property
    def code(self) -> str:
        """The stable code."""
        return {400: "malformed_request", 415: "unsupported_media_type"}.get(self.status, "invalid_value")


TITLES = {
    400: "That request can't be understood",
    401: "Not signed in",
    403: "Not allowed",
    404: "Nothing is here",
    405: "Not that way",
    409: "It does not fit what is there",
    412: "It was changed meanwhile",
    413: "Too large",
    415: "Not that kind of content",
    422: "That value is not allowed",
    428: "Say what it was made from",
    503: "Back in a moment",
}


def problem(
    status: int,
    code: str,
    *,
    detail: str = "",
    field: str | None = None,
    denial_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """RFC 9457."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Refused"),
        "status": status,
        "code": code,
    }
    if detail:
        body["detail"] = detail
    if field:
        body["field"] = field
    if denial_id is not None:
        body["denial_id"] = denial_id
    media_type = "application/problem+json"
    return responses.json(body, status=status, headers=responses.NO_STORE | (headers or {}), media_type=media_type)


def bad_input(error: BadInput, *, denial_id: str | None = None) -> Response:
    """What came in can't be read or does not fit. Before anybody is known it has no number."""
    return problem(error.status, error.code, detail=error.detail, field=error.field, denial_id=denial_id)


def refused(error: ProtocolError | AdministrationError, *, issuer: str, scope: str, denial_id: str) -> Response:
    """A refusal with its number. An administrator is told why an act is refused; of a bad token nobody is told more than its code."""
    told = error.public if isinstance(error, ProtocolError) and error.tells else ""
    told = str(error) if isinstance(error, AdministrationError) else told
    headers = challenge(error, issuer=issuer, scope=scope)
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after_s)
    status = 401 if isinstance(error, InvalidDpopProof) else error.status
    return problem(status, error.code, detail=told, denial_id=denial_id, headers=headers)


def missing_token(*, issuer: str) -> Response:
    """RFC 6750 section 3.1: no credentials, no error code."""
    return problem(401, "missing_token", headers={"WWW-Authenticate": _bearer(issuer)})


def challenge(error: Exception, *, issuer: str, scope: str) -> dict[str, str]:
    """RFC 6750 section 3, and where the resource tells of itself (RFC 9728 section 5.1)."""
    match error:
        case InvalidDpopProof():
            # RFC 9449 section 7.1, and section 9 for the nonce.
            given = {"DPoP-Nonce": error.nonce} if isinstance(error, UseDpopNonce) else {}
            return {
                "WWW-Authenticate": f'DPoP realm="{issuer}", error="{error.code}", algs="{" ".join(ALGORITHMS)}"'
            } | given
        case InsufficientScope():
            return {"WWW-Authenticate": f'{_bearer(issuer)}, error="{error.code}", scope="{scope}"'}
        case InsufficientUserAuthentication():
            # RFC 9470 section 3.
            challenge = f'{_bearer(issuer)}, error="{error.code}", max_age="{error.max_age_s}"'
            return {"WWW-Authenticate": challenge}
        case InvalidToken() | InvalidRequest():
            return {"WWW-Authenticate": f'{_bearer(issuer)}, error="{error.code}"'}
    return {}


def _bearer(issuer: str) -> str:
    metadata = f"{issuer}/.well-known/oauth-protected-resource{API_PATH}"
    return f'Bearer realm="{issuer}", resource_metadata="{metadata}"'
