"""Asking an application by whatever client a test has, and reading what it answers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Their headers may be a list, in which a name can stand twice; others take a mapping.
_TAKE_LISTS = frozenset({"httpx", "httpx2", "starlette", "fastapi"})


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `crash`: what the application raised instead of answering. `through`: the redirect that the client followed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    crash: BaseException | None = None
    through: int | None = None


def is_async(client: Any) -> bool:
    """Say whether the client's requests have to be awaited."""
    return inspect.iscoroutinefunction(getattr(client, "request", None))


def takes_lists(client: Any) -> bool:
    """Say whether the client can send one header twice."""
    return any(kind.__module__.partition(".")[0] in _TAKE_LISTS for kind in type(client).__mro__)


def ask(client: Any, method: str, url: str, headers: Sequence[tuple[str, str]], options: Mapping[str, Any]) -> Answered:
    """Make a request, and wait for the answer."""
    try:
        if method == "WEBSOCKET":
            return _opened(client, url, dict(headers), options)
        return _read(client.request(method, url, headers=_sendable(client, headers), **options))
    except Exception as error:  # an application that runs in this process raises here what it does not catch
        return _crashed(error)


async def ask_async(
    client: Any, method: str, url: str, headers: Sequence[tuple[str, str]], options: Mapping[str, Any]
) -> Answered:
    """Do the same with a client whose requests have to be awaited."""
    try:
        return _read(await client.request(method, url, headers=_sendable(client, headers), **options))
    except Exception as error:
        return _crashed(error)


def _sendable(client: Any, headers: Sequence[tuple[str, str]]) -> Any:
    return list(headers) if takes_lists(client) else dict(headers)


def _opened(client: Any, url: str, headers: dict[str, str], options: Mapping[str, Any]) -> Answered:
    with client.websocket_connect(url, headers=headers, **options):
        return Answered(101)


def _read(answer: Any) -> Answered:
    status = getattr(answer, "status_code", None)
    if not isinstance(status, int):
        raise TypeError(f"the client answers with {type(answer).__name__}, which has no status_code")
    text = getattr(answer, "text", "")
    followed = getattr(answer, "history", None) or [None]
    return Answered(
        status,
        {name.lower(): value for name, value in answer.headers.items()},
        text if isinstance(text, str) else "",
        through=getattr(followed[0], "status_code", None),
    )


def _crashed(error: Exception) -> Answered:
    if isinstance(getattr(error, "status_code", None), int) and hasattr(error, "headers"):
        return _read(error)  # a WebSocket that was refused with an HTTP answer
    if type(error).__name__ == "WebSocketDisconnect":
        # Closed before it was accepted: servers answer 403 then (ASGI, "Close - send event").
        return Answered(403)
    return Answered(500, crash=error)
