"""From the feed's words to knowledge: one event of the stream, or one document of the JSON form."""

from __future__ import annotations

from typing import Any

from admit.jose import Malformed
from admit.jose.strict_json import parse_object
from admit.revocations.knowledge import Knowledge
from admit.revocations.memory import FeedError, position, time_of
from admit.revocations.sse import Event


def take_event(knowledge: Knowledge, event: Event) -> bool:
    """Take in one event; say whether it made the knowledge fresh. Events of other types are for later versions.

    Raises:
        FeedError: The event is not what its description allows, or shows that something was missed.
    """
    match event.kind:
        case "reset":
            knowledge.begin_snapshot()
        case "revoked":
            knowledge.add(_object(event.data.encode("utf-8")), None if event.id is None else position(event.id))
        case "caught-up":
            knowledge.catch_up(position(event.id), time_of(_object(event.data.encode("utf-8")), "as_of"))
            return True
        case "heartbeat":
            data = _object(event.data.encode("utf-8"))
            knowledge.heartbeat(position(data.get("head")), time_of(data, "as_of"))
            return True
    return False


def take_document(knowledge: Knowledge, body: bytes) -> None:
    """Take in one answer of the JSON form.

    Raises:
        FeedError: The answer is not what its description allows.
    """
    document = _object(body)
    entries = document.get("revoked")
    if not isinstance(entries, list) or not isinstance(document.get("reset"), bool):
        raise FeedError("reset or revoked is missing")
    if document["reset"]:
        knowledge.begin_snapshot()
    for entry in entries:
        if not isinstance(entry, dict):
            raise FeedError("a revocation is not an object")
        knowledge.add(entry, None)
    knowledge.catch_up(position(document.get("position")), time_of(document, "as_of"))


def _object(data: bytes) -> dict[str, Any]:
    try:
        return parse_object(data, what="feed", unique=False)
    except Malformed as error:
        raise FeedError(str(error)) from None
