"""The smallest protected API: one open route, two that want a ticket. `uvicorn --app-dir examples fastapi_app:app --port 8000`."""

from typing import Annotated

from fastapi import FastAPI

from admit.fastapi import Principal, TokenAuth

auth = TokenAuth(
    issuer="http://127.0.0.1:8100",
    audience="http://127.0.0.1:8000",
    scopes={"items:read": "Read items", "items:write": "Change items"},
)
app = FastAPI(title="Items")
auth.install(app)

Reader = Annotated[Principal, auth.require("items:read")]
Writer = Annotated[Principal, auth.require("items:write")]


@app.get("/")
async def welcome() -> dict[str, str]:
    """Open to everybody."""
    return {"message": "Hello. /items wants a ticket."}


@app.get("/items")
async def items(who: Reader) -> dict[str, str]:
    """For tickets with `items:read`."""
    return {"owner": who.subject}


@app.delete("/items")
async def delete_items(who: Writer) -> dict[str, str]:
    """For tickets with `items:write` from a sign-in of the last five minutes (RFC 9470)."""
    who.require_recent_sign_in(300)
    return {"deleted by": who.subject}
