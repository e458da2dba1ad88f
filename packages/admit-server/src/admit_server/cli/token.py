"""`admit token`: issue, inspect, revoke. The text of a token comes from standard input, never from the command line."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from ..domain.administration import ADMIN_CLIENT, ADMIN_ROLE, api_audience
from ..flows.admin import grants, tokens
from ..flows.admin.grants import ListedGrant
from ..flows.runtime import Caller, Runtime
from ..flows.token_status import GoodToken
from ..tokens.keyring import NoSigningKey
from . import limits, many, output, reading
from .limits import Action, Hours, IdleTimeout, Lifetime, MaxUses, Network
from .noun import noun
from .place import Place, placed
from .refusal import Refused
from .token_shown import REASONS, token_document, token_lines

app = noun("Tokens. Their text comes from standard input.")

Issuer = Annotated[
    str | None,
    typer.Option("--issuer", metavar="URL", help="Default: the settings', else that of the last `admit serve` here."),
]


@app.command("issue")
@placed
def issue(
    place: Place,
    user: Annotated[str, typer.Option("--user", metavar="USER", help="User name or id.")],
    resource: Annotated[
        str,
        typer.Option(
            "--resource", metavar="AUDIENCE", help="One of the client's audiences; `admin`: the API of this server."
        ),
    ],
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="Client name or id. With --resource admin: the built-in one."),
    ] = None,
    policy: Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Further limits on this one.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPES", help="Default: all that the client has there.")
    ] = None,
    lifetime: Lifetime = None,
    idle_timeout: IdleTimeout = None,
    max_uses: MaxUses = None,
    action: Action = None,
    network: Network = None,
    hours: Hours = None,
    issuer: Issuer = None,
) -> None:
    """Issue an access token without a sign-in; with --json also its refresh token, where the client may use one.

    What is limited here is limited for this one, beside all rules. One with a number of uses has no refresh token.
    """
    if client is None and resource != ADMIN_ROLE:
        raise typer.BadParameter("name the client that the token is for", param_hint="--client")
    new = tokens.NewToken(
        user=user,
        client=client or ADMIN_CLIENT,
        resource=resource,
        policy=policy,
        limits=limits.policy_of(
            {
                "lifetime": lifetime,
                "idle_timeout": idle_timeout,
                "max_uses": max_uses,
                "action": action,
                "network": network,
                "hours": hours,
            }
        ),
        scopes=frozenset(reading.words(scope)),
    )

    async def work(rt: Runtime, caller: Caller) -> tokens.Issued:
        asked = replace(new, resource=api_audience(rt.issuer)) if resource == ADMIN_ROLE else new
        try:
            return await tokens.issue(asked, rt=rt, caller=caller)
        except NoSigningKey as error:
            raise Refused(f"Nothing was issued: {error}.") from None

    issued = place.run(work, issuer=issuer)
    answer = issued.tokens
    document: dict[str, Any] = {
        "access_token": answer.access_token,
        "token_type": answer.token_type,
        "expires_in": answer.expires_in,
        "scope": answer.scope,
        "grant_id": issued.grant.id,
    }
    if answer.refresh_token is not None:
        document["refresh_token"] = answer.refresh_token
    if answer.lease is not None:
        document |= {"lease": answer.lease, "lease_expires_in": answer.lease_expires_in}
    place.show(document, answer.access_token)
    place.tell(
        f"{answer.token_type}, good for {output.exactly(answer.expires_in)}, scope: {answer.scope or 'none'}."
        + (" --json shows its refresh token too." if answer.refresh_token is not None else "")
    )


@app.command("inspect")
@placed
def inspect(place: Place, issuer: Issuer = None) -> None:
    """Say what a token is and whether it is good now, or why not. Never counts as a use."""
    text = reading.token()

    async def work(rt: Runtime, caller: Caller) -> dict[str, Any]:
        found = await tokens.inspect(text, rt=rt)
        document = token_document(found, issuer=rt.issuer, username=await tokens.username_of(found, rt=rt))
        if claim := tokens.limits_claim(found):
            document["limits"] = claim
        if (count := await tokens.count_of(found, rt=rt)) is not None:
            # Idle time runs from the issue on, so that stands there until the first use.
            fresh = isinstance(found, GoodToken) and count.last_used_at == found.issued_at
            document |= {"uses_left": count.uses_left, "last_used_at": None if fresh else count.last_used_at}
        if (lease := await tokens.lease_of(found, rt=rt)) is not None:
            document["lease_ends_at"] = lease.ends_at if lease.ended_at is None else lease.ended_at
        return document

    document = place.run(work, issuer=issuer)
    place.show(document, output.record(token_lines(document)))


@app.command("revoke")
@placed
def revoke(
    place: Place, issuer: Issuer = None, where: many.Where = None, yes: many.Yes = False, dry_run: many.DryRun = False
) -> None:
    """End an access token, or with a refresh token the whole grant; or many grants at once."""
    if where is not None:
        many.end_many(place, where, what="grants", yes=yes and not dry_run)
        return
    text = reading.token()

    async def work(rt: Runtime, caller: Caller) -> tokens.Revoked:
        return await tokens.end(text, rt=rt, caller=caller)

    done = place.run(work, issuer=issuer)
    if done.code in ("malformed_token", "token_unknown"):
        raise Refused(f"Nothing to revoke: {REASONS[done.code]}. Was it cut, or issued under another --issuer?")
    document = {"revoked": done.code is None, "kind": done.kind, "id": done.id}
    if done.code is not None:
        document["code"] = done.code
    if place.as_json:
        place.show(document, "")
    what = "access token" if done.kind == "access_token" else "refresh token and its whole grant"
    place.tell(f"Revoked the {what}." if done.code is None else f"It was dead already: {REASONS[done.code]}.")


@app.command("list")
@placed
def show_all(
    place: Place,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="Of this person only.")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="Of this application only.")] = None,
) -> None:
    """List living grants: each stands for all tokens that come from one sign-in or issue, and ends them when it ends."""

    async def work(rt: Runtime, caller: Caller) -> list[ListedGrant]:
        found: list[ListedGrant] = []
        while page := await grants.page(user=user, client=client, after=found[-1].grant.id if found else "", rt=rt):
            found += page
        return found

    found = place.run(work)
    heads = ("grant_id", "username", "client", "resource", "scopes", "format", "until")
    rows = (
        (
            one.grant.id,
            one.username or "-",
            one.client_name or one.grant.client_id,
            one.grant.audience,
            " ".join(sorted(one.grant.scopes)) or "-",
            one.grant.format,
            output.when(one.grant.expires_at),
        )
        for one in found
    )
    place.show([_grant(one) for one in found], output.table(heads, rows))
    if not found:
        place.tell("Nothing is granted.")


def _grant(listed: ListedGrant) -> dict[str, Any]:
    grant = listed.grant
    return {
        "grant_id": grant.id,
        "user_id": grant.user_id,
        "username": listed.username,
        "client_id": grant.client_id,
        "client": listed.client_name,
        "resource": grant.audience,
        "session_id": grant.session_id,
        "scopes": sorted(grant.scopes),
        "format": grant.format,
        "limits": grant.policy.as_dict(),
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
    }
