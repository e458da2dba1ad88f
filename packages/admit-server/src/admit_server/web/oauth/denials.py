"""`POST /denials`: libraries report what they refused. See docs/reference/denials.md."""

import ipaddress
import re
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from ...domain.denial import Check
from ...domain.errors import InvalidRequest
from ...domain.ids import Kind, looks_like
from ...flows.client_auth import authenticate_client
from ...flows.reports import Report, take
from .. import params, responses
from ..site import Site

LIMIT = 262_144
MOST_REPORTS = 100
_CODE = re.compile(r"[a-z][a-z0-9_]{2,63}\Z")

Word = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=200)]
Audience = Annotated[str, Meta(max_length=2_000)]


class CheckIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One check, on the wire."""

    name: Word
    expected: Text
    found: Text
    passed: bool


class ReportIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One report, on the wire."""

    id: Word
    code: Word
    at: Annotated[int, Meta(ge=0, le=253_402_300_799)]
    resource: Audience
    endpoint: Text = ""
    network: Word = ""
    grant: Word | None = None
    jti: Word | None = None
    sid: Word | None = None
    checks: Annotated[list[CheckIn], Meta(max_length=32)] = []


_decoder = msgspec.json.Decoder(Annotated[list[ReportIn], Meta(min_length=1, max_length=MOST_REPORTS)])


def parse(body: bytes) -> list[Report]:
    """The reports of a body.

    Raises:
        InvalidRequest: Not an array of 1 to 100 reports, or a text, id, code or address that can't be one.
    """
    try:
        return [_report(each) for each in _decoder.decode(body)]
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidRequest("The body is an array of 1 to 100 reports.", detail=str(error)[:200]) from None


async def denials_endpoint(request: Request, site: Site) -> Response:
    """Take a batch from a resource, by its own credentials; the ids in order, null where nothing was kept."""
    caller = site.caller(request)
    body = await params.read_body(request, limit=LIMIT)
    who = await authenticate_client(params.client_credentials(request, {}), rt=site.rt, caller=caller)
    media_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if media_type != "application/json":
        raise InvalidRequest("Send the reports as application/json.")
    ids = await take(parse(body), who=who, rt=site.rt, caller=caller)
    return responses.json(ids, headers=responses.NO_STORE)


def _report(given: ReportIn) -> Report:
    if not looks_like("den", given.id) or not _CODE.match(given.code):
        raise ValueError("id or code is malformed")
    kinds: dict[Kind, str | None] = {"grt": given.grant, "tok": given.jti, "ses": given.sid}
    for kind, handle in kinds.items():
        if handle is not None and not looks_like(kind, handle):
            raise ValueError(f"not the id of a {kind}")
    if given.grant is None and (given.jti is not None or given.sid is not None):
        raise ValueError("jti and sid come with a grant")
    if given.network:
        ipaddress.ip_address(given.network)
    checks = tuple(Check(c.name, c.expected, c.found, c.passed) for c in given.checks)
    # No control characters, and none that turn the direction of a line: the administrator reads this.
    texts = [given.endpoint, given.resource, *(part for c in checks for part in (c.name, c.expected, c.found))]
    if not all(text.isprintable() for text in texts):
        raise ValueError("a text has characters that can't be printed")
    return Report(
        id=given.id,
        code=given.code,
        at=given.at,
        resource=given.resource,
        endpoint=given.endpoint,
        network=given.network,
        grant=given.grant,
        jti=given.jti,
        sid=given.sid,
        checks=checks,
    )
