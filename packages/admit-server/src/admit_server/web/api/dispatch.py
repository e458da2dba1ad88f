"""One call from the address to the answer: find, allow, read, do in one unit, write."""

import logging
import re
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from admit.limits import Attempt

from ...domain.administration import API_PATH
from ...domain.errors import AdministrationError, IfMatchMissing, ProtocolError, Stale
from ...flows.admin.access import admit_administrator
from ...flows.admin.idempotency import Key, once
from ...flows.admin.one_unit import in_one_unit
from ...flows.denials import record_code
from ...flows.redeem import Use
from ...flows.runtime import Runtime
from ...ports.store import ConstraintViolation
from .. import params, responses
from ..site import Site
from . import problems, table, wire
from .openapi import document
from .operations import LIMIT, Call, Nothing, Operation, Thing, Wire
from .problems import BadInput

log = logging.getLogger("admit.web")
_BODY_TYPES = ("application/json", "application/merge-patch+json")
# draft-ietf-httpapi-idempotency-key-header-07 section 2.1: a String of RFC 9651; many clients leave the quotes out.
_KEY = re.compile(r'"([!#-\[\]-~]{1,255})"\Z|([!#-\[\]-~]{1,255})\Z')
# What a dry run must not show: it would look like a secret that opens something.
_SECRETS = ("client_secret", "access_token", "refresh_token")


class EventOut(Wire):
    """One entry of the audit log that a dry run would have written."""

    action: str
    target: str
    details: dict[str, Any]


class DryRun(Wire):
    """What a changing operation would have done: nothing of it was kept."""

    dry_run: bool
    events: list[EventOut]
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is sent: status, text, and whether it was done by an earlier request with the same key."""

    status: int
    body: bytes
    repeated: bool = False
    is_thing: bool = False


async def endpoint(request: Request, site: Site) -> Response:
    """Answer one call."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    try:
        parts = wire.path_parts(raw.split(b"?", 1)[0])[3:]
        if parts == ["openapi.json"]:
            return _open_document(request, site)
        found, variables = table.find(parts)
        method = "GET" if request.method == "HEAD" else request.method
        if not found:
            return problems.problem(
                404, "not_found", detail="There is no such operation; /api/v1/openapi.json has all."
            )
        if (operation := found.get(method)) is None:
            return _other_method(request, found)
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        # As its parts were read: a slash that was encoded makes no other path of it.
        asked = "/".join((API_PATH, *(part.replace("/", "%2F") for part in parts)))
        return await _answer(request, site, operation, dict(zip(names, variables, strict=True)), asked=asked)
    except BadInput as error:
        return problems.bad_input(error)


async def _answer(request: Request, site: Site, operation: Operation, path: dict[str, str], *, asked: str) -> Response:
    rt, caller = site.rt, site.caller(request)
    try:
        shown = params.access_token(request)
        if shown is None:
            return problems.missing_token(issuer=rt.issuer)
        scheme, token = shown
        attempt = Attempt(
            method=operation.method,
            path=asked,
            address=caller.address or None,
            presented=site.presented(request, scheme),
        )
        who = await admit_administrator(token, scope=operation.scope, use=Use(attempt=attempt), rt=rt, caller=caller)
        query, dry_run = _query(request, operation)
        body = await _body(request, operation)
        call = Call(rt=rt, caller=who.caller, path=path, query=query, body=body, site=site)
        key = _key(request, operation, who_id=who.id, call=call)
        outcome = await _perform(
            operation, call, key=None if dry_run else key, if_match=_if_match(request), dry_run=dry_run
        )
    except (AdministrationError, ProtocolError, BadInput) as error:
        denial_id = await record_code(
            error.code,
            rule=error.public
            if isinstance(error, ProtocolError)
            else "a request that fits the operation and what is there",
            found=getattr(error, "detail", "") or str(error),
            endpoint=f"{operation.method} {API_PATH}{operation.path}",
            rt=rt,
            caller=caller,
        )
        log.info("refused %s %s: %s: %s (%s)", request.method, operation.path, error.code, error, denial_id)
        if isinstance(error, BadInput):
            return problems.bad_input(error, denial_id=denial_id)
        return problems.refused(error, issuer=rt.issuer, scope=operation.scope, denial_id=denial_id)
    except ConstraintViolation as error:
        log.info("refused %s %s: %s", request.method, operation.path, error)
        return problems.problem(409, "conflict", detail="Something else changed at the same moment; read it again.")
    headers = dict(responses.NO_STORE)
    if outcome.is_thing:
        headers["ETag"] = wire.etag(outcome.body)
    if outcome.repeated:
        headers["Idempotent-Replayed"] = "true"
    return Response(outcome.body, outcome.status, headers=headers, media_type="application/json")


async def _perform(
    operation: Operation, call: Call[Any, Any], *, key: Key | None, if_match: frozenset[str] | None, dry_run: bool
) -> Outcome:
    is_thing = issubclass(operation.answer, Thing)
    if not operation.changes:
        return Outcome(operation.success, wire.encode(await operation.does(call)), is_thing=is_thing)
    if operation.of is not None and if_match is None:
        raise IfMatchMissing(
            "Send If-Match with the ETag of what you read, so that nobody's change is lost; * takes any."
        )

    async def checked(inner: Call[Any, Any]) -> None:
        if operation.of is None or if_match is None or "*" in if_match:
            return
        if wire.etag(wire.encode(await operation.of(inner))) not in if_match:
            raise Stale("It was changed since you read it: read it again.")

    if operation.long and not dry_run:
        # Too much for one unit. Whoever comes in between is not undone: the flow looks again at each step.
        async def compared(rt: Runtime) -> None:
            await checked(replace(call, rt=rt))

        await in_one_unit(compared, rt=call.rt, dry_run=True)
        return Outcome(operation.success, wire.encode(await operation.does(call)))
    repeated = False

    async def act(rt: Runtime) -> Any:
        nonlocal repeated
        inner = replace(call, rt=rt)

        async def do() -> bytes:
            await checked(inner)
            return wire.encode(await operation.does(inner))

        if key is None:
            return await do()
        body, repeated = await once(key, do, rt=rt)
        return body

    done = await in_one_unit(act, rt=call.rt, dry_run=dry_run)
    if dry_run:
        events = [EventOut(action=e.action, target=e.target, details=dict(e.details)) for e in done.events]
        result: dict[str, Any] = msgspec.json.decode(done.result)
        result |= {name: None for name in _SECRETS if name in result}
        return Outcome(200, wire.encode(DryRun(dry_run=True, events=events, result=result)))
    return Outcome(operation.success, done.result, repeated, is_thing)


def _query(request: Request, operation: Operation) -> tuple[Any, bool]:
    try:
        known = [member.name for member in msgspec.structs.fields(operation.query)]
        given: dict[str, Any] = params.read_query(request, keep_empty=[*known, "dry_run"])
    except ProtocolError as error:
        raise BadInput(400, str(error)) from None
    dry_run = False
    if operation.changes and "dry_run" in given:
        text = given.pop("dry_run")
        if text not in ("true", "false"):
            raise BadInput(422, "dry_run is true or false.", field="dry_run")
        dry_run = text == "true"
    if operation.query is Nothing and given:
        name = sorted(given)[0][:40]
        raise BadInput(422, f"There is no parameter {name!r} here.", field=name)
    return wire.convert(given, operation.query, what="query", from_text=True), dry_run


async def _body(request: Request, operation: Operation) -> Any:
    raw = await params.read_body(request, limit=LIMIT)
    if operation.body is None:
        if raw:
            raise BadInput(400, "This operation takes no body.")
        return None
    if not raw and not operation.body_required:
        return wire.convert({}, operation.body, what="body")
    media_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if media_type not in _BODY_TYPES:
        raise BadInput(415, "Send the body as application/json.")
    return wire.convert(wire.parse(raw), operation.body, what="body")


def _key(request: Request, operation: Operation, *, who_id: str, call: Call[Any, Any]) -> Key | None:
    headers = request.headers.getlist("idempotency-key")
    if not headers or not operation.created:
        return None
    match = _KEY.match(headers[0])
    if len(headers) > 1 or match is None:
        raise BadInput(
            400, "Idempotency-Key is one text of 1 to 255 visible ASCII characters.", field="Idempotency-Key"
        )
    asked = [operation.id, call.path, msgspec.to_builtins(call.query), msgspec.to_builtins(call.body)]
    # The answer may hold a secret that only these powers could make: another token of the same holder, that may less, does not get it.
    asked.append(sorted(call.caller.powers.scopes) if call.caller.powers is not None else [])
    return Key(holder=who_id, text=match[1] or match[2], request=msgspec.json.encode(asked, order="sorted"))


def _if_match(request: Request) -> frozenset[str] | None:
    """RFC 9110 section 13.1.1; a weak validator never matches (section 8.8.3.2)."""
    lines = request.headers.getlist("if-match")
    return frozenset(one.strip() for line in lines for one in line.split(",")) if lines else None


def _other_method(request: Request, found: dict[str, Operation]) -> Response:
    allowed = ", ".join(sorted({*found, *(["HEAD"] if "GET" in found else []), "OPTIONS"}))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    return problems.problem(
        405, "method_not_allowed", detail=f"This address answers {allowed}.", headers={"Allow": allowed}
    )


def _open_document(request: Request, site: Site) -> Response:
    """The description is for everybody: it says nothing of this installation but its issuer."""
    if request.method not in ("GET", "HEAD"):
        return problems.problem(405, "method_not_allowed", headers={"Allow": "GET, HEAD, OPTIONS"})
    text = document(issuer=site.rt.issuer, version=site.version)
    return Response(text, headers={"Cache-Control": "max-age=300"}, media_type="application/json")
