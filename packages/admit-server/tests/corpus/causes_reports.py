"""Reports of libraries that the server does not take."""

import json

from causes_clients import basic
from corpus_kit import Cause, Stage
from site_kit import API, OPAQUE_API

GOOD = {"id": "den_" + "a" * 22, "code": "token_expired", "at": 1_800_000_000, "resource": API, "checks": []}


def reported(body, *, client_id="api", kind="application/json", headers=None):
    async def act(stage: Stage):
        sent = basic(client_id, stage.site.secrets.get(client_id, "")) if headers is None else headers
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await stage.site.post("/denials", {}, content=content, headers=sent | {"content-type": kind})

    return act


def one(**changes):
    return reported([GOOD | changes])


def check(**changes):
    return one(checks=[{"name": "end", "expected": "later", "found": "earlier", "passed": False} | changes])


REQUEST = "invalid_request"
CAUSES = [
    Cause("reports by nobody", reported([GOOD], headers={}), "invalid_client", "invalid_client", "client_id is missing"),
    Cause("reports with a wrong secret", reported([GOOD], headers=basic("api", "x")), "invalid_client", "client secret"),
    Cause("reports by a public client", reported([GOOD], client_id="web"), "invalid_client", "client secret", "is public"),
    Cause("reports for another's resource", reported([GOOD | {"resource": OPAQUE_API}], client_id="robot"), "invalid_target", "resource", OPAQUE_API),
    Cause("reports for an unknown resource", one(resource="https://nowhere.example"), "invalid_target", "resource", "nowhere"),
    Cause("reports as a form", reported([GOOD], kind="text/plain"), REQUEST, REQUEST, "application/json"),
    Cause("a report that is not JSON", reported(b"{"), REQUEST, REQUEST, "array of 1 to 100"),
    Cause("a report that is no array", reported(GOOD), REQUEST, REQUEST, "array"),
    Cause("no report at all", reported([]), REQUEST, REQUEST, "array"),
    Cause("more than a hundred reports", reported([GOOD] * 101), REQUEST, REQUEST, "100"),
    Cause("a report without an id", one(id=""), REQUEST, REQUEST, "id or code"),
    Cause("a report with an odd code", one(code="DROP TABLE"), REQUEST, REQUEST, "id or code"),
    Cause("a report with a number for text", one(code=7), REQUEST, REQUEST, "str"),
    Cause("a report with a member too many", one(password="x"), REQUEST, REQUEST, "password"),
    Cause("a report from another age", one(at=-1), REQUEST, REQUEST, "at"),
    Cause("a report with a token for its handle", one(grant="grt_" + "a" * 22, jti="adm_at_" + "a" * 49), REQUEST, REQUEST, "tok"),
    Cause("a report with a session and no grant", one(sid="ses_" + "a" * 22), REQUEST, REQUEST, "grant"),
    Cause("a report from no address", one(network="here"), REQUEST, REQUEST, "here"),
    Cause("a report that turns the line", check(found="ok\u202efdp"), REQUEST, REQUEST, "printed"),
    Cause("a report with an escape", check(name="a\x1b[2J"), REQUEST, REQUEST, "printed"),
    Cause("a report with a NUL", check(expected="a\x00"), REQUEST, REQUEST, "printed"),
    Cause("a report with a long text", check(found="x" * 201), REQUEST, REQUEST, "200"),
    Cause("a report with too many checks", one(checks=[{"name": "a", "expected": "", "found": "", "passed": True}] * 33), REQUEST, REQUEST, "32"),
    Cause("a report nested too deeply", reported(b"[" * 20_000), REQUEST, REQUEST, "array"),
]  # fmt: skip
