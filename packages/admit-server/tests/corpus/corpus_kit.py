"""What a cause is, what its caller may see of it, and what the administrator must."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from site_kit import API, BOBS_PASSWORD, ISSUER, PASSWORD, VERIFIER, Browser, Site

from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, denials, policies, users
from admit_server.flows.denials import write_tally
from admit_server.flows.runtime import Caller

CALLER = Caller(actor="test")
NUMBER = re.compile(r"den_[0-9A-Za-z]{22}")

# All that a page of a refusal may say: these depend on the code, or on what the person's own browser did.
PAGE_TEXTS = {
    "invalid_client": {"The application that sent you here is not known to this server."},
    "invalid_request": {
        "The application that sent you here asked for something that this server refuses.",
        "This sign-in page is too old, or was opened in another browser. Go back to the application and begin again.",
        "This sign-in was begun too long ago, in another browser, or before you signed out here. Begin it again.",
        "Fill in both the user name and the password.",
        "There is no such way to sign in here.",
        "This step is not asked for here. Begin again.",
    },
    "link_ended": {
        "This link was used already, or is too old.",
        "This link does not work yet.",
    },
    "temporarily_unavailable": {"What you would be asked for does not work right now. Try again in a few minutes."},
    "too_many_sessions": {
        "You are signed in in as many places as is allowed. Sign out in one of them, then try again."
    },
    "access_denied": {
        "That did not work. Try again.",
        "That code is not right. Type the one that the app shows now; the phone&#39;s clock has to be right.",
        "That code is not right, or was used before. Type the next one that your app shows.",
        "That is none of the recovery codes that you have left.",
        "That code is not right, or is too old. Take the one of the newest mail.",
        "That did not work. Try again, or take another way.",
        "This step was used already. Begin it again.",
        "This sign-in needs a proof that is not set up for your account. Ask the administrator to help you.",
        "That user name and password don&#39;t match.",
        "This form was not sent from our own page.",
        "Your browser did not send back our cookie. Allow cookies for this address, go back and try again.",
        "This page is too old, or was opened in another browser. Go back and try again.",
    },
}
_OF_THE_API = f'Bearer realm="{ISSUER}", resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/api/v1"'
CHALLENGES = {
    f'{_OF_THE_API}, error="invalid_token"',
    f'{_OF_THE_API}, error="insufficient_scope", scope="users:read"',
    f'{_OF_THE_API}, error="insufficient_scope", scope="keys:read"',
    f'Basic realm="{ISSUER}", charset="UTF-8"',
    f'Bearer realm="{ISSUER}"',
    f'Bearer realm="{ISSUER}", error="invalid_token"',
    f'Bearer realm="{ISSUER}", error="insufficient_scope", scope="notes:write"',
    f'Bearer realm="{ISSUER}", error="insufficient_scope", scope="openid"',
    f'Bearer realm="{ISSUER}", error="invalid_request"',
    f'DPoP realm="{ISSUER}", error="invalid_token", algs="ES256 RS256"',
    f'DPoP realm="{ISSUER}", error="invalid_dpop_proof", algs="ES256 RS256"',
}
HEADERS = {
    "cache-control", "content-length", "content-security-policy", "content-type", "dpop-nonce", "location", "referrer-policy",
    "retry-after", "set-cookie", "www-authenticate", "x-auth-code", "x-auth-denial", "x-content-type-options",
}  # fmt: skip
_TOO_MANY = re.compile(r"Too many tries\. Wait [0-9a-z ]+ and try again\.")


@dataclass(frozen=True)
class Cause:
    """One way to be refused.

    Attributes:
        name: In words.
        act: Does it, and returns what the caller got.
        code: What the caller is told.
        check: The name of the check that failed, and `found`: words that name the true cause.
        kept_as: The code in the explanation where it says more than the caller's.
    """

    name: str
    act: "Callable[[Stage], Awaitable[httpx2.Response]]"
    code: str
    check: str
    found: str = ""
    kept_as: str = ""


@dataclass
class Stage:
    """A site, and what one cause leaves for its judgement."""

    site: Site
    secrets: list[str] = field(default_factory=list)
    told_before: str | None = None
    address: str = "192.0.2.50"
    number: int = 0

    def begin(self) -> None:
        """A minute later, from another network."""
        self.site.clock.advance(61)
        self.number += 1
        self.address = f"198.51.{self.number // 250}.{self.number % 250 + 1}"
        self.secrets = [*self.site.secrets.values(), PASSWORD, BOBS_PASSWORD, VERIFIER]
        self.told_before = None

    def keep_secret(self, *texts: str) -> None:
        self.secrets += [text for text in texts if len(text) > 8]

    def browser(self) -> Browser:
        return self.site.browser(address=self.address)

    async def tokens(self, client_id: str = "web", **params: str) -> dict[str, Any]:
        code = await self.browser().code(client_id, **params)
        answer = await self.site.redeem(code, client_id)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        self.keep_secret(
            code, *(str(body[name]) for name in ("access_token", "refresh_token", "id_token", "lease") if name in body)
        )
        return body

    async def code(self, client_id: str = "web", **params: str) -> str:
        code = await self.browser().code(client_id, **params)
        self.keep_secret(code)
        return code

    async def tokens_on_a_lease(self, client_id: str) -> dict[str, Any]:
        """As `tokens`, with a lease of 60 s; what others get afterwards has none."""
        rt = self.site.rt
        await policies.set_policy("leased", TokenPolicy(lease_s=60), rt=rt, caller=CALLER)
        await clients.update(client_id, clients.ClientChange(policy="leased"), rt=rt, caller=CALLER)
        tokens = await self.tokens(client_id)
        await clients.update(client_id, clients.ClientChange(policy=None), rt=rt, caller=CALLER)
        return tokens

    async def token_request(self, client_id: str = "web", **form: str) -> httpx2.Response:
        self.keep_secret(*(form[name] for name in ("code", "code_verifier", "refresh_token") if name in form))
        return await self.site.post("/token", self.site.proof(client_id) | form)

    async def write(self, sql: str) -> None:
        """Change the database past all flows."""

        async def unit(tx: Any) -> None:
            await tx.clients._tx.run(sql)

        await self.site.rt.store.write(unit)


async def prepare(site: Site, *, more: Iterable[str] = ()) -> Stage:
    """Add whom only the causes need: people who fail, and clients that get disabled."""
    rt = site.rt
    for name in ("carol", "dave", "erin", "mallory", "victor", *more):
        await users.add(users.NewUser(username=name, password=f"the long words of {name}"), rt=rt, caller=CALLER)
    await users.disable("dave", rt=rt, caller=CALLER)
    added = await clients.add(clients.NewClient(name="Gone", client_id="gone", audiences=(API,)), rt=rt, caller=CALLER)
    site.secrets["gone"] = added.secret or ""  # type: ignore[index]
    await clients.add(
        clients.NewClient(name="Gone web", client_id="gone-web", kind="public", redirect_uris=("https://gone.example/cb",)),
        rt=rt,
        caller=CALLER,
    )  # fmt: skip
    stage = Stage(site)
    await stage.write("UPDATE client SET disabled_at = 1 WHERE id IN ('gone', 'gone-web')")
    return stage


def told(code: str) -> set[str]:
    """How the request itself is written is told to who wrote it; all else is for the administrator."""
    written = {
        "invalid_request",
        "invalid_authorization_details",
        "invalid_dpop_proof",
        "use_dpop_nonce",
        "unsupported_grant_type",
        "unsupported_response_type",
        "invalid_position",
    }
    return {"error_description", "detail"} if code in written else set()


def code_and_number(answer: httpx2.Response) -> tuple[str, str | None]:
    """What the caller is told, after proof that it is all that it is told."""
    assert set(answer.headers) <= HEADERS, set(answer.headers) - HEADERS
    assert answer.headers.get("www-authenticate", "") in CHALLENGES | {""}
    assert answer.headers.get("retry-after", "0").isdigit()
    kind = answer.headers.get("content-type", "").split(";")[0]
    if answer.status_code == 303:
        sent = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        assert set(sent) - {"tenant"} <= {"error", "denial_id", "state", "iss"} | told(sent["error"]), sent
        return sent["error"], sent["denial_id"]
    if kind == "text/html":
        return _of_page(answer)
    body = answer.json()
    if kind == "application/problem+json":
        assert set(body) - told(body["code"]) == {"type", "title", "status", "code", "denial_id"}, body
        assert (body["type"], body["status"]) == ("about:blank", answer.status_code)
        return body["code"], body["denial_id"]
    if body == {"active": False}:
        return "inactive", None
    assert set(body) - told(body["error"]) == {"error", "denial_id"}, body
    return body["error"], body["denial_id"]


def _of_page(answer: httpx2.Response) -> tuple[str, str]:
    text = answer.text
    said = re.search(r'role="alert" id="problem"><p>(.*?)</p>', text) or re.search(r'<p class="lead">(.*?)</p>', text)
    assert said is not None
    codes = [code for code, texts in PAGE_TEXTS.items() if said[1] in texts]
    if not codes and _TOO_MANY.fullmatch(said[1]):
        codes = ["too_many_tries"]
    assert len(codes) == 1, said[1]
    numbers = NUMBER.findall(text)
    assert len(numbers) == 1
    return codes[0], numbers[0]


async def _nothing(tx: Any) -> None:
    pass


async def judge(cause: Cause, stage: Stage) -> None:
    """Let it happen, and look at both sides."""
    stage.begin()
    answer = await cause.act(stage)
    code, number = code_and_number(answer)
    assert code == cause.code, answer.text

    await write_tally(stage.site.rt)
    # The server's own housekeeping may have taken it a moment before, and be writing it: what is written next comes after that.
    await stage.site.rt.store.write(_nothing)
    explained = await denials.explain(number or stage.told_before or "", rt=stage.site.rt)
    denial = explained.denial
    assert denial.code == (cause.kept_as or cause.code)
    failed = [check for check in denial.checks if not check.passed]
    assert failed, denial.checks
    assert failed[0].name == cause.check, [(c.name, c.passed) for c in denial.checks]
    assert cause.found in failed[0].found or cause.found in failed[0].expected, failed[0]
    assert len(explained.remedy) > 20

    told = f"{answer.text} {json.dumps(dict(answer.headers))}"
    kept = json.dumps(asdict(denial))
    for secret in stage.secrets:
        assert secret not in told
        assert secret not in kept
    for check in denial.checks:
        # What was found stands nowhere in the answer, unless it is what the caller sent or a word of the code itself.
        if not check.passed and len(check.found) > 24:
            assert check.found not in answer.text
