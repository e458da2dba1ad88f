"""Tokens that can't be exchanged for others."""

import json

from corpus_kit import CALLER, Cause, Stage
from site_kit import API

from admit_server.domain.descent import ACCESS_TOKEN, TOKEN_EXCHANGE
from admit_server.flows.admin import clients, sessions, tokens

WRONG = "invalid_request"


async def exchanger(stage: Stage, client_id: str) -> None:
    """A client that may exchange; made once."""
    site = stage.site
    if client_id in site.secrets:
        return
    new = clients.NewClient(
        name=client_id, client_id=client_id, audiences=(API,), grant_types=frozenset({TOKEN_EXCHANGE})
    )
    added = await clients.add(new, rt=site.rt, caller=CALLER)
    site.secrets[client_id] = added.secret or ""


def exchange(make, sender="swapper", limits=None, **changes):
    async def act(stage: Stage):
        for client_id in ("swapper", "other-swapper"):
            await exchanger(stage, client_id)
        stage.secrets += list(stage.site.secrets.values())
        token = await make(stage)
        stage.keep_secret(token)
        form = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN} | changes
        if limits is not None:
            form["limits"] = json.dumps(limits)
        return await stage.token_request(sender, **form)

    return act


async def of_alice(stage: Stage):
    return (await stage.tokens())["access_token"]


async def of_the_swapper(stage: Stage):
    """An access token whose application is the swapper itself."""
    new = tokens.NewToken(user="alice", client="swapper", resource=API, scopes=frozenset({"notes:read"}))
    return (await tokens.issue(new, rt=stage.site.rt, caller=CALLER)).tokens.access_token


async def of_an_ended_session(stage: Stage):
    token = await of_alice(stage)
    await sessions.end_all_of_user("alice", rt=stage.site.rt, caller=CALLER)
    return token


async def expired(stage: Stage):
    token = await of_alice(stage)
    stage.site.clock.advance(600)
    return token


async def cut_off(stage: Stage):
    return (await of_alice(stage))[:-4]


async def a_refresh_token(stage: Stage):
    return (await stage.tokens())["refresh_token"]


CAUSES = [
    Cause("an exchange of a token that is cut off", exchange(cut_off), WRONG, "token's form and signature", ""),
    Cause("an exchange of a refresh token", exchange(a_refresh_token), WRONG, "token's form", "a refresh token"),
    Cause("an exchange of an expired token", exchange(expired), WRONG, "token's time", "over since 0 s"),
    Cause("an exchange after the person signed out", exchange(of_an_ended_session), WRONG, "session is alive", "ended"),
    Cause("an exchange of somebody else's token", exchange(of_alice), WRONG, "who may exchange it", "swapper"),
    Cause("an exchange by a client that may not", exchange(of_alice, sender="robot"), "unauthorized_client", "grant type", TOKEN_EXCHANGE),
    Cause("an exchange for more scopes", exchange(of_the_swapper, scope="notes:write"), "invalid_scope", "scope", "notes:write"),
    Cause("an exchange for another resource", exchange(of_the_swapper, resource="https://else.example"), "invalid_target", "resource", "else.example"),
    Cause("an exchange with unknown limits", exchange(of_the_swapper, limits={"colour": 1}), WRONG, "invalid_request", "colour"),
]  # fmt: skip
