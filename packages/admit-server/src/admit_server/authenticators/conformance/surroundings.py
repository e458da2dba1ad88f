"""What stands in for the server while an authenticator is tested."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from ..api import Context, HttpAnswer, Message, Subject

NOW = 1_800_000_000
PERSON = Subject(id="usr_conformance", username="conformance", addresses=("conformance@example.com",))
FOREIGN: Mapping[str, str] = {"a_field_of_somebody_else": "x"}
# What arrives from the net. Lone surrogates never do: the server refuses them before any authenticator.
GARBAGE = (
    "",
    " ",
    "\x00",
    "0",
    "-1",
    "null",
    "{}",
    "[" * 10_000,
    "x" * 100_000,
    "é😀\u202e",
    "١٢٣٤٥٦",
    "'; --",
    "=" * 7,
)


Process = Callable[[str, bytes, Mapping[str, str]], Awaitable[HttpAnswer]]


@dataclass
class Work:
    """What an authenticator had done for it: the names of what it called, in order."""

    done: list[str] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)


def context(*, process: Process, work: Work | None = None, now: int = NOW) -> Context:
    """What a server would hand over. The hash is a fast stand-in; everything that is called is written down.

    Args:
        process: What an outside process answers.
        work: Where it is written down.
        now: Seconds, UTC.
    """
    work = work or Work()

    async def verify_hash(encoded: str | None, password: str) -> bool:
        work.done.append("verify_hash")
        return encoded is not None and encoded == _hashed(encoded.split("$")[2], password)

    async def make_hash(password: str) -> str:
        work.done.append("make_hash")
        return _hashed(secrets.token_hex(8), password)

    async def post(url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        work.done.append("post")
        return await process(url, body, headers)

    async def send(message: Message) -> None:
        work.mails.append(message)

    return Context(
        now=now,
        entropy=secrets.token_bytes,
        verify_hash=verify_hash,
        make_hash=make_hash,
        needs_rehash=lambda _: False,
        issuer="https://id.example.com",
        mac=lambda data: hashlib.blake2b(data, key=b"conformance", digest_size=32).digest(),
        send=send,
        post=post,
        link=lambda secret: f"https://id.example.com/sign-in#{secret}",
    )


def _hashed(salt: str, password: str) -> str:
    digest = hashlib.blake2b(password.encode("utf-8", "surrogatepass"), salt=bytes.fromhex(salt)).hexdigest()
    return f"$conformance${salt}${digest}"
