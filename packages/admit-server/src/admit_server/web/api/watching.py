"""Revocations and denials at the API."""

from typing import Annotated, Literal

from msgspec import Meta

from ...domain.errors import NotFound
from ...domain.revocation import Revocation
from ...flows.admin import clients, denials, revocations
from ...flows.admin.denials import Explained
from . import pages
from .fields import Reference
from .operations import Call, Nothing, Operation, Paged, Wire


class HandleIn(Wire):
    """What has ended: the claim `sid`, `grant` or `jti` of its tokens, or the name of a key."""

    kind: Literal["sid", "grant", "jti", "kid"]
    value: Annotated[str, Meta(min_length=1, max_length=256)]


class RevocationOut(Wire):
    """A live revocation, as followers hear it. Either a handle, or everything issued at or before a time."""

    seq: int
    handle: str | None
    before: int | None
    until: int


class RevocationPage(Wire):
    """Live revocations, in the order in which they were made."""

    items: list[RevocationOut]
    next: str | None


class EverythingOut(Wire):
    """How many sessions and grants ended; every token is over, the caller's too."""

    sessions: int
    grants: int


class DenialsIn(Paged):
    """Of one application only."""

    client: Reference | None = None


class CheckOut(Wire):
    """One check of a refused request."""

    name: str
    expected: str
    found: str
    passed: bool


class DenialOut(Wire):
    """A refusal: each check, whom it concerned, and what mends it."""

    denial_id: str
    at: int
    code: str
    endpoint: str
    client_id: str | None
    client_name: str | None
    user_id: str | None
    username: str | None
    network: str
    grant_id: str | None
    token_id: str | None
    session_id: str | None
    resource: str | None
    reported_by: str | None
    checks: list[CheckOut]
    remedy: str


class DenialPage(Wire):
    """Refusals, newest first."""

    items: list[DenialOut]
    next: str | None


def _revocation(found: Revocation) -> RevocationOut:
    return RevocationOut(seq=found.seq, handle=found.handle, before=found.before, until=found.until)


def _denial(found: Explained) -> DenialOut:
    denial = found.denial
    return DenialOut(
        denial_id=denial.id,
        at=denial.at,
        code=denial.code,
        endpoint=denial.endpoint,
        client_id=denial.client_id,
        client_name=found.client_name,
        user_id=denial.user_id,
        username=found.username,
        network=denial.network,
        grant_id=denial.grant_id,
        token_id=denial.token_id,
        session_id=denial.session_id,
        resource=denial.resource,
        reported_by=found.reporter_name or denial.reported_by,
        checks=[CheckOut(name=c.name, expected=c.expected, found=c.found, passed=c.passed) for c in denial.checks],
        remedy=found.remedy,
    )


async def _live(call: Call[None, Paged]) -> RevocationPage:
    text = pages.after(call.query)
    [seq] = pages.numbers(f"{text} ", count=2)[:1] if text else [0]
    found = await revocations.live(after=seq, limit=call.query.limit, rt=call.rt)
    last = str(found[-1].seq) if len(found) == call.query.limit else None
    return RevocationPage(items=[_revocation(one) for one in found], next=pages.cursor(last))


async def _revoke(call: Call[HandleIn, Nothing]) -> RevocationOut:
    return _revocation(await revocations.revoke(call.body.kind, call.body.value, rt=call.rt, caller=call.caller))


async def _everything(call: Call[None, Nothing]) -> EverythingOut:
    sessions, grants = await revocations.revoke_everything(rt=call.rt, caller=call.caller)
    return EverythingOut(sessions=sessions, grants=grants)


async def _denials(call: Call[None, DenialsIn]) -> DenialPage:
    asked = call.query
    client_id = (await clients.find(asked.client, rt=call.rt)).id if asked.client is not None else None
    found = await denials.page(client_id=client_id, after=pages.time_and_id(asked), limit=asked.limit, rt=call.rt)
    last = found[-1].denial if len(found) == asked.limit else None
    return DenialPage(
        items=[_denial(one) for one in found], next=pages.cursor(f"{last.at} {last.id}" if last else None)
    )


async def _denial_shown(call: Call[None, Nothing]) -> DenialOut:
    return _denial(await denials.explain(call.path["denial"], rt=call.rt))


OPERATIONS = (
    Operation(
        id="revocations_list",
        method="GET",
        path="/revocations",
        scope="revocations:read",
        summary="List revocations whose tokens could still be alive.",
        query=Paged,
        does=_live,
        answer=RevocationPage,
    ),
    Operation(
        id="revocations_add",
        method="POST",
        path="/revocations",
        scope="revocations:write",
        summary="Revoke a handle, whether or not this server knows what it names.",
        body=HandleIn,
        does=_revoke,
        answer=RevocationOut,
        created=True,
        changes=True,
        example={"kind": "jti", "value": "tok_0000000000000000000000"},
    ),
    Operation(
        id="revocations_everything",
        method="POST",
        path="/revocations/everything",
        scope="revocations:write",
        summary="The emergency: end every session, grant and token, the caller's too.",
        does=_everything,
        answer=EverythingOut,
        changes=True,
    ),
    Operation(
        id="denials_list",
        method="GET",
        path="/denials",
        scope="denials:read",
        summary="List refusals, newest first.",
        query=DenialsIn,
        does=_denials,
        answer=DenialPage,
        errors=(NotFound,),
        gives={"denial": "/items/0/denial_id"},
    ),
    Operation(
        id="denials_show",
        method="GET",
        path="/denials/{denial}",
        scope="denials:read",
        summary="Explain a refusal: each check, expected and found, and what mends it.",
        does=_denial_shown,
        answer=DenialOut,
        errors=(NotFound,),
    ),
)
