"""A small protected API with its page: notes that only the holder of a ticket may read or write.

Started by `run.py`, or alone: `uvicorn --app-dir examples/demo api:app --port 8101`.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Final

from fastapi import Body, FastAPI, HTTPException
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, StringConstraints
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admit.fastapi import Principal, TokenAuth

ISSUER: Final = os.environ.get("ADMIT_ISSUER", "http://127.0.0.1:8100")
RESOURCE: Final = f"http://127.0.0.1:{os.environ.get('DEMO_PORT', '8101')}"
SCOPES: Final = {"notes:read": "Read notes", "notes:write": "Write notes"}
HERE: Final = Path(__file__).resolve().parent
BROWSER_MODULE: Final = HERE.parents[1] / "packages" / "admit-browser" / "admit-browser.js"
MAX_NOTES: Final = 100
FRESH_S: Final = int(os.environ.get("DEMO_FRESH_S", "60"))
MAX_PEOPLE: Final = 1_000
MAX_BODY_BYTES: Final = 16_384

auth = TokenAuth(issuer=ISSUER, audience=RESOURCE, scopes=SCOPES)
# No /docs: its scripts come from elsewhere, and a weaker page on this origin could listen to the tabs that hold tickets.
app = FastAPI(title="Demo notes", version="0.1.0", docs_url=None, redoc_url=None)
auth.install(app)

Reader = Annotated[Principal, auth.require("notes:read")]
Writer = Annotated[Principal, auth.require("notes:write")]
# To lose everything takes more than a ticket of this morning (RFC 9470).
JustSignedIn = Annotated[Principal, auth.require("notes:write", max_age=FRESH_S)]
NoteText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Note(BaseModel):
    """One note. `written_at` is in seconds UTC."""

    id: str
    text: str
    written_at: int


# In memory on purpose: the demo is about the ticket. Beyond MAX_PEOPLE, whoever was away longest loses their notes.
_notes: OrderedDict[str, dict[str, Note]] = OrderedDict()


def _notes_of(person: Principal) -> dict[str, Note]:
    notes = _notes.setdefault(person.subject, {})
    _notes.move_to_end(person.subject)
    while len(_notes) > MAX_PEOPLE:
        _notes.popitem(last=False)
    return notes


@app.get("/notes")
async def read_notes(who: Reader) -> list[Note]:
    """The reader's own notes, newest first."""
    return list(reversed(_notes_of(who).values()))


@app.post("/notes", status_code=201)
async def write_note(who: Writer, text: Annotated[NoteText, Body(embed=True)]) -> Note:
    """Add a note of 1 to 500 characters; 409 when there are 100 already."""
    notes = _notes_of(who)
    if len(notes) >= MAX_NOTES:
        raise HTTPException(409, f"You have {MAX_NOTES} notes already. Delete one first.")
    note = Note(id=secrets.token_urlsafe(9), text=text, written_at=int(time.time()))
    notes[note.id] = note
    return note


@app.delete("/notes/{note_id}", status_code=204)
async def delete_note(who: Writer, note_id: str) -> None:
    """Delete one of the writer's own notes; 404 for any other."""
    if _notes_of(who).pop(note_id, None) is None:
        raise HTTPException(404, "There is no such note.")


@app.delete("/notes", status_code=204)
async def delete_all_notes(who: JustSignedIn) -> None:
    """Delete all of the writer's own notes, if the writer signed in just now."""
    _notes_of(who).clear()


@app.get("/livez", include_in_schema=False)
async def livez() -> dict[str, str]:
    """Alive: answers without asking anybody."""
    return {"status": "ok"}


@app.get("/settings.json", include_in_schema=False)
async def settings() -> dict[str, object]:
    """What the page must know to sign in. Nothing here is secret."""
    return {
        "issuer": ISSUER,
        "clientId": "demo-web",
        "redirectUri": f"{RESOURCE}/",
        "resource": RESOURCE,
        "scope": " ".join(["openid", "profile", *SCOPES]),
        "scopeTexts": SCOPES,
    }


@app.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page."""
    return FileResponse(HERE / "static" / "index.html")


@app.get("/static/admit-browser.js", include_in_schema=False)
async def browser_module() -> FileResponse:
    """The browser module, from its own package in this repository."""
    return FileResponse(BROWSER_MODULE, media_type="text/javascript")


app.mount("/static", StaticFiles(directory=HERE / "static"))


class _Edge:
    """Refuse bodies over 16 KiB with 413, and send the headers that keep foreign code off the page.

    Args:
        app: The application behind it.
        connect_to: Origin of the sign-in server, the only other place that the page may talk to.
    """

    def __init__(self, app: ASGIApp, *, connect_to: str) -> None:
        self._app = app
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {connect_to}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        )
        self._headers = {
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",  # the address holds the code for a moment
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                # People's notes stay out of every cache; the page's files are asked for again and answered with 304.
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/notes") else "no-cache")
            await send(message)

        await self._app(scope, _limited(receive), send_with_headers)


def _limited(receive: Receive) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MAX_BODY_BYTES:
            raise HTTPException(413, f"At most {MAX_BODY_BYTES} bytes.")
        return message

    return limited


app.add_middleware(_Edge, connect_to=ISSUER)
