"""Reading requests: strict, bounded, each parameter once."""

import asyncio
import base64
import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from starlette.requests import Request

from ..domain.errors import InvalidClient, InvalidRequest
from ..flows.client_auth import ClientCredentials

MAX_PARAMETERS = 64
_MOST_DISCARDED = 32_000_000
# What may be repeated in an answer: RFC 6749 section 5.2 allows `error_description` no quotes, backslashes or letters beyond ASCII.
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,40}\Z")
FORM = "application/x-www-form-urlencoded"


class BodyTooLarge(Exception):
    """The body is larger than the route allows: 413."""


async def read_body(request: Request, *, limit: int) -> bytes:
    """The body, at most `limit` bytes.

    Raises:
        BodyTooLarge: Declared or sent larger. Nothing of it is kept.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
    return b"".join(chunks)


async def discard_body(request: Request) -> None:
    """Read and forget what a client is still sending, so that it gets to see the refusal instead of a reset connection.

    Within bounds: 32 MB, one second, and no more than 50 ms for a client that is not sending.
    """
    if "expect" in request.headers:
        return  # it waits for our word before it sends anything
    left = _MOST_DISCARDED
    try:
        async with asyncio.timeout(1.0):
            while left > 0:
                message = await asyncio.wait_for(request.receive(), 0.05)
                if not message.get("more_body"):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return


async def read_form(request: Request, *, limit: int, keep_empty: Iterable[str] = ()) -> dict[str, str]:
    """The form of a POST.

    Raises:
        InvalidRequest: Another content type, a parameter twice, NUL, text that is not UTF-8, or too many parameters.
        BodyTooLarge: See `read_body`.
    """
    content_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    body = await read_body(request, limit=limit)
    if content_type != FORM:
        raise InvalidRequest(f"Send the parameters as {FORM}.")
    return _parse(body, keep_empty=frozenset(keep_empty))


def read_query(request: Request, *, keep_empty: Iterable[str] = ()) -> dict[str, str]:
    """The query's parameters; those without a value count as omitted, but for the ones that are named.

    Raises:
        InvalidRequest: As `read_form`.
    """
    raw: bytes = request.scope["query_string"]
    return _parse(raw, keep_empty=frozenset(keep_empty))


def _parse(raw: bytes, *, keep_empty: frozenset[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    if not raw:
        return params
    pairs = raw.split(b"&")
    if len(pairs) > MAX_PARAMETERS:
        raise InvalidRequest(f"A request has at most {MAX_PARAMETERS} parameters.")
    for pair in pairs:
        name_text, _, value_text = pair.partition(b"=")
        name, value = _decode(name_text), _decode(value_text)
        # RFC 6749 section 3.1: request and response parameters MUST NOT be included more than once.
        if name in params:
            raise InvalidRequest(f"The parameter {name if _NAME.match(name) else '(unreadable)'} is there twice.")
        params[name] = value
    # RFC 6749 section 3.1: parameters sent without a value MUST be treated as if they were omitted.
    return {name: value for name, value in params.items() if value or name in keep_empty}


def _decode(text: bytes) -> str:
    try:
        decoded = unquote_plus(text.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest("A parameter is not URL-encoded UTF-8.") from None
    if "\x00" in decoded:
        raise InvalidRequest("A parameter contains a NUL character.")
    return decoded


def client_credentials(request: Request, form: dict[str, str]) -> ClientCredentials:
    """Who the client says it is: by header or in the form, never both (RFC 6749 section 2.3).

    Raises:
        InvalidClient: A malformed or repeated header, another scheme, or no client at all.
        InvalidRequest: Two ways at once.
    """
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise InvalidRequest("The Authorization header is there twice.")
    if not headers:
        client_id = form.get("client_id")
        if client_id is None:
            raise InvalidClient("Name the client: client_id is missing.")
        return ClientCredentials(client_id, form.get("client_secret"))
    scheme, _, value = headers[0].partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("Client authentication is by the Basic scheme or in the form.")
    if "client_secret" in form:
        raise InvalidRequest("The client authenticated in two ways at once.")
    try:
        user, colon, secret = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:  # not base64, not ASCII, or not UTF-8 inside
        raise InvalidClient("The Basic credentials are malformed.") from None
    if not colon:
        raise InvalidClient("The Basic credentials are malformed.")
    # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    client_id = unquote_plus(user)
    if "\x00" in client_id or form.get("client_id", client_id) != client_id:
        raise InvalidRequest("The client_id of the form is not the one of the header.")
    return ClientCredentials(client_id, unquote_plus(secret))


def bearer_token(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1), None without one.

    Raises:
        InvalidRequest: The header is repeated or malformed.
    """
    shown = access_token(request)
    return shown[1] if shown is not None and shown[0] == "Bearer" else None


def access_token(request: Request) -> tuple[str, str] | None:
    """Scheme and token of the `Authorization` header (RFC 6750 section 2.1, RFC 9449 section 7.1), None without one.

    Raises:
        InvalidRequest: The header is repeated or malformed.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    if len(headers) > 1:
        raise InvalidRequest("The Authorization header is there twice.")
    scheme, _, token = headers[0].partition(" ")
    token = token.strip()
    named = {"bearer": "Bearer", "dpop": "DPoP"}.get(scheme.lower())
    if named is None:
        return None
    if not token or " " in token or not token.isascii():
        raise InvalidRequest("The Authorization header is malformed.")
    return named, token
