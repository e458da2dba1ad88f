"""`admit explain`: why something was refused."""

from typing import Annotated, Any

import typer

from ..flows.admin import clients, denials
from ..flows.admin.denials import Explained
from ..flows.runtime import Caller, Runtime
from . import output
from .noun import noun
from .place import Place, placed

app = noun("Why something was refused.")

_PASSED, _FAILED = "\N{CHECK MARK}", "\N{BALLOT X}"


@app.command("explain")
@placed
def explain(
    place: Place,
    denial_id: Annotated[
        str | None, typer.Argument(metavar="DENIAL_ID", help="As the caller was told: den_ and 22 characters.")
    ] = None,
    recent: Annotated[bool, typer.Option("--recent", help="List the newest refusals instead.")] = False,
    client: Annotated[
        str | None, typer.Option("--client", metavar="CLIENT", help="With --recent: of this client (name or id).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=denials.MOST_LISTED, help="With --recent.")] = 20,
) -> None:
    """Show each check of a refusal, what was expected and found, whom it concerned, and what mends it."""
    if (denial_id is None) != recent:
        raise typer.BadParameter("name one refusal, or give --recent", param_hint="DENIAL_ID")
    if denial_id is None:
        _list(place, client=client, limit=limit)
        return

    async def work(rt: Runtime, caller: Caller) -> Explained:
        return await denials.explain(denial_id.strip(), rt=rt)

    found = place.run(work)
    place.show(as_document(found), _as_text(found))


def _list(place: Place, *, client: str | None, limit: int) -> None:
    async def work(rt: Runtime, caller: Caller) -> list[Explained]:
        client_id = (await clients.find(client, rt=rt)).id if client is not None else None
        return await denials.recent(client_id=client_id, limit=limit, rt=rt)

    found = place.run(work)
    heads = ("denial_id", "at", "code", "endpoint", "client", "user", "from")
    rows = (
        (
            item.denial.id,
            output.when(item.denial.at),
            item.denial.code,
            item.denial.endpoint or item.denial.resource or "-",
            item.client_name or item.denial.client_id or "-",
            item.username or item.denial.user_id or "-",
            item.denial.network or "-",
        )
        for item in found
    )
    place.show([as_document(item) for item in found], output.table(heads, rows))
    if not found:
        place.tell("No refusal is kept.")


def as_document(found: Explained) -> dict[str, Any]:
    """The JSON of a refusal."""
    denial = found.denial
    return {
        "denial_id": denial.id,
        "code": denial.code,
        "at": denial.at,
        "source": denial.source,
        "endpoint": denial.endpoint,
        "resource": denial.resource,
        "network": denial.network,
        "client_id": denial.client_id,
        "client_name": found.client_name,
        "user_id": denial.user_id,
        "username": found.username,
        "grant_id": denial.grant_id,
        "token_id": denial.token_id,
        "session_id": denial.session_id,
        "reported_by": denial.reported_by,
        "checks": [
            {"name": c.name, "expected": c.expected, "found": c.found, "passed": c.passed} for c in denial.checks
        ],
        "remedy": found.remedy,
    }


def _as_text(found: Explained) -> str:
    denial = found.denial
    by = "this server" if denial.reported_by is None else f"the library at {found.reporter_name or denial.reported_by}"
    facts = output.record(
        (
            ("refused", denial.code),
            ("when", output.when(denial.at)),
            ("by", by),
            ("endpoint", denial.endpoint),
            ("resource", denial.resource or ""),
            ("from", denial.network),
            ("client", _named(found.client_name, denial.client_id)),
            ("user", _named(found.username, denial.user_id)),
            ("session", denial.session_id or ""),
            ("grant", denial.grant_id or ""),
            ("token", denial.token_id or ""),
        )
    )
    checks = "\n".join(
        f"{_PASSED if check.passed else _FAILED} {output.clean(check.name)}\n"
        f"    expected  {output.clean(check.expected) or '-'}\n"
        f"    found     {output.clean(check.found) or '-'}"
        for check in denial.checks
    )
    return f"{facts}\n\n{checks}\n\nWhat mends it: {found.remedy}"


def _named(name: str | None, identifier: str | None) -> str:
    if identifier is None:
        return ""
    return f"{name} ({identifier})" if name else identifier
