"""A process of your own answers, over HTTP: verified, rejected, or pending.

Both directions are signed as the Standard Webhooks specification says (version 1.0.0, "Signature scheme": HMAC-SHA256 over
`{id}.{timestamp}.{body}`, the secret as `whsec_` and base64, 24 to 64 bytes). The id of a request is fresh randomness; the answer is
signed under the id that belongs to it, so that neither an old answer, nor one to somebody else's request, nor the request itself sent
back is taken for a yes. A proxy in between can refuse, and never agree. Whatever is not a whole, signed answer is a refusal.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from .api import (
    Challenge,
    Context,
    Factor,
    HttpAnswer,
    NotMine,
    NotReached,
    Pending,
    Rejected,
    StoredCredential,
    Subject,
    Verified,
)

_FACTORS = frozenset(get_args(Factor))
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_NONCE_BYTES = 16
# What a person types, and what a process may have shown and handed back.
LONGEST_RESPONSE, LONGEST_PROMPT, LONGEST_STATE = 1024, 500, 2048
# Who is asked, as JSON: an id, and a user name of 64 characters, each written with twelve at most.
_LONGEST_SUBJECT = 1024
_RETRY_S = range(1, 61)


class WebhookAuthenticator:
    """Asks a process of the operator's.

    Args:
        url: https, or http on loopback; `outgoing.allow_networks` allows private networks.
        secret: `whsec_...`; two or more with blanks between while they are changed: requests carry a signature of each.
        poll: The person does something elsewhere, and types nothing here.
        factors: What a yes of the process shows: of knowledge, possession, inherence. Empty: it counts towards no second factor.
        amr: For tokens (RFC 8176); empty: the name.
        name: To have more than one.
    """

    phishing_resistant = False
    names_the_person = False
    contacts = True
    keeps_secrets = False
    stands_in = False

    def __init__(
        self,
        *,
        url: str,
        secret: str,
        poll: bool = False,
        factors: Sequence[str] = (),
        amr: Sequence[str] = (),
        name: str = "webhook",
    ) -> None:
        if not _NAME.match(name):
            raise ValueError(f"name {name!r} has to be lower-case letters, digits and underscores")
        if not set(factors) <= _FACTORS:
            raise ValueError(f"factors {list(factors)} have to be of {', '.join(sorted(_FACTORS))}")
        self.name = name
        self.factors: frozenset[Factor] = frozenset(factor for factor in get_args(Factor) if factor in factors)
        self._url, self._poll = url, poll
        self._amr = tuple(amr) or (name,)
        self._keys = tuple(_key(each) for each in secret.split())
        if not self._keys:
            raise ValueError("secret is empty; make one with: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"")

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """The process knows its people; nothing is stored here."""
        return True

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Tell the process that somebody begins. For nobody it is told too, without a subject.

        Raises:
            NotReached: It gave no whole, signed answer.
        """
        who = {"id": subject.id, "username": subject.username} if subject else None
        answer = await self._ask(ctx, {"type": "sign_in.begin", "first": ctx.first, "subject": who})
        prompt, kept = answer.get("prompt", ""), answer.get("state", "")
        if not (_text(prompt, LONGEST_PROMPT) and _text(kept, LONGEST_STATE)):
            raise NotReached(
                f"the process behind {self.name} answered with a prompt or state that is no text, or too long"
            )
        # As long for nobody as for anybody: what is sealed is as long as what is in it.
        state = json.dumps({"subject": who, "state": kept}).encode().ljust(LONGEST_STATE + _LONGEST_SUBJECT)
        fields = () if self._poll else (self.name,)
        public = {"message": prompt, "poll": self._poll, "name": self.name}
        return Challenge(kind="webhook", fields=fields, public=public, state=state)

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Hand the response on, and take the process at its signed word.

        Raises:
            NotReached: It gave no whole, signed verdict.
        """
        if (given := response.get(self.name)) is None:
            return NotMine()
        if self._poll or len(given) > LONGEST_RESPONSE:
            given = ""
        try:
            begun = json.loads(state)
            who, kept = begun["subject"], begun["state"]
        except (ValueError, KeyError, TypeError):
            return Rejected("the ceremony was not begun")
        asked = {"type": "sign_in.finish", "first": ctx.first, "subject": who, "state": kept, "response": given}
        answer = await self._ask(ctx, asked)
        match answer.get("verdict"):
            case "verified" if who is not None:
                return Verified(amr=self._amr, subject=who["id"])
            case "pending":
                wait = answer.get("retry_after_s")
                return Pending(wait if type(wait) is int and wait in _RETRY_S else 2)
            case "rejected" | "verified":
                said = answer.get("reason", "")
                return Rejected(f"the process behind {self.name} said no: {str(said)[:200]}" if who else "no such user")
            case _:
                raise NotReached(f"the process behind {self.name} gave no verdict")

    async def _ask(self, ctx: Context, message: Mapping[str, object]) -> Mapping[str, Any]:
        if ctx.post is None:
            raise NotReached("this server calls no outside processes")
        nonce = ctx.entropy(_NONCE_BYTES).hex()
        body = json.dumps({"server": ctx.issuer, **message}).encode()
        asked, stamp = f"req_{nonce}", str(ctx.now)
        headers = {
            "content-type": "application/json",
            "webhook-id": asked,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(sign(key, id=asked, timestamp=stamp, body=body) for key in self._keys),
        }
        answer = await ctx.post(self._url, body, headers)
        return self._believed(answer, f"ans_{nonce}")

    def _believed(self, answer: HttpAnswer, expected: str) -> Mapping[str, Any]:
        who = f"the process behind {self.name}"
        if answer.status != 200:
            raise NotReached(f"{who} answered {answer.status}")
        given = answer.headers.get("webhook-signature", "").split()
        stamp = answer.headers.get("webhook-timestamp", "")
        # The id is fresh for each request, so that the time of an answer adds nothing; it is signed all the same.
        right = [sign(key, id=expected, timestamp=stamp, body=answer.body) for key in self._keys]
        same = [hmac.compare_digest(one.encode(), other.encode()) for one in right for other in given]
        if answer.headers.get("webhook-id") != expected or not any(same):
            raise NotReached(f"{who} answered without a good signature for this request")
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise NotReached(f"{who} answered with something else than a JSON object")
        return value


def sign(key: bytes, *, id: str, timestamp: str, body: bytes) -> str:
    """One signature as it stands in `webhook-signature`.

    Spec: Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers".
    """
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True) if text.startswith(_PREFIX) else b""
    except ValueError:
        key = b""
    if len(key) not in _KEY_BYTES:
        raise ValueError("secret has to be whsec_ and 24 to 64 bytes in base64")
    return key


def _text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest
