"""What Starlette and FastAPI share: the user, refusals as their responses, and the verifier's end with the application's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.authentication import BaseUser
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState

from admit.asgi_guard import AsgiRequest, refuse_websocket
from admit.errors import AdmitError
from admit.principal import Principal
from admit.protected_resource import Answer, ProtectedResource
from admit.transactions import LARGEST_BODY


class User(BaseUser):
    """What `request.user` is: Starlette's view of a principal.

    Attributes:
        principal: Who makes the request, with everything the token says.
    """

    def __init__(self, principal: Principal) -> None:
        """`principal` is verified."""
        self.principal = principal

    @property
    def is_authenticated(self) -> bool:
        """Always."""
        return True

    @property
    def display_name(self) -> str:
        """The subject: a token need not know how people call themselves."""
        return self.principal.subject

    @property
    def identity(self) -> str:
        """The subject."""
        return self.principal.subject


def response_of(answer: Answer) -> Response:
    """Return an answer as a response."""
    return Response(answer.body, status_code=answer.status, headers=answer.headers)


async def refusal(error: AdmitError, resource: ProtectedResource, connection: HTTPConnection) -> Response | None:
    """Return the response to a refused request. A WebSocket is refused here and now: None."""
    if not isinstance(connection, WebSocket):
        return response_of(resource.answer(error, AsgiRequest(connection.scope)))
    connecting = connection.application_state is WebSocketState.CONNECTING
    await refuse_websocket(error, resource, connection.scope, connection.send, accepted=not connecting)
    return None


def closing(resource: ProtectedResource, inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a lifespan that closes the verifier behind `inner`."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        try:
            async with inner(app) as state:
                yield state
        finally:
            await asyncio.to_thread(resource.verifier.close)

    return lifespan


async def body_of(request: Request) -> bytes:
    """Return the body of a request that is for one transaction.

    Raises:
        HTTPException: 413, where it does not say its length, or is longer than `LARGEST_BODY` bytes.
    """
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and int(length) <= LARGEST_BODY):
        raise HTTPException(413, f"a transaction says its Content-Length, at most {LARGEST_BODY}")
    return await request.body()
