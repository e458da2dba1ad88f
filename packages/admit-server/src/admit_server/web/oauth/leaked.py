"""`POST /leaked`: a scanner, or anybody, hands in tokens that lie in the open. See docs/reference/personal-tokens.md."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import InvalidRequest
from ...flows import leaked
from .. import params, responses
from ..site import Site

LIMIT = 131_072


class FoundIn(msgspec.Struct, frozen=True):
    """One found token, on the wire. Other members are ignored: each scanner tells more in its own way."""

    token: Annotated[str, Meta(min_length=1, max_length=leaked.LONGEST_TOKEN)]
    url: Annotated[str, Meta(max_length=leaked.LONGEST_WHERE)] = ""


_decoder = msgspec.json.Decoder(Annotated[list[FoundIn], Meta(min_length=1, max_length=leaked.MOST)])


async def leaked_endpoint(request: Request, site: Site) -> Response:
    """204 for every text, ours or not, alive or dead: nobody finds out here whether a token is good."""
    content_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if content_type == "application/json":
        try:
            given = _decoder.decode(await params.read_body(request, limit=LIMIT))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            rule = f"The body is an array of 1 to {leaked.MOST} objects with token and url."
            raise InvalidRequest(rule, detail=str(error)[:200]) from None
        found = [leaked.Found(each.token, each.url) for each in given]
    else:
        form = await params.read_form(request, limit=LIMIT)
        if "token" not in form:
            raise InvalidRequest("token is missing.")
        found = [leaked.Found(form["token"], form.get("url", ""))]
    await leaked.take(found, rt=site.rt, caller=site.caller(request))
    return Response(status_code=204, headers=responses.NO_STORE)
