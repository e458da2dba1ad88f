"""One line that says whether a route is protected, and teaches where it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, overload

from admit.testing.answers import Answered, ask, ask_async, is_async, takes_lists
from admit.testing.attacks import Attack, attacks, good_claims
from admit.testing.issuing import TestIssuer

_NO_SUCH_ROUTE = (404, 405)


class Client(Protocol):
    """`TestClient` of FastAPI and Starlette, `httpx.Client`, `requests.Session` and the like."""

    @property
    def request(self) -> Callable[..., Any]:
        """Make a request: method, address, `headers`."""


class AsyncClient(Protocol):
    """`httpx.AsyncClient` and the like."""

    @property
    def request(self) -> Callable[..., Awaitable[Any]]:
        """Make a request: method, address, `headers`."""


class Unprotected(AssertionError):
    """A route is not protected as it should be.

    Attributes:
        attacks: Names of what was not answered as it has to be.
    """

    attacks: tuple[str, ...]

    def __init__(self, message: str, *, attacks: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.attacks = tuple(attacks)


@overload
def assert_protected(client: AsyncClient, method: str, url: str, **options: Any) -> Awaitable[tuple[str, ...]]: ...


@overload
def assert_protected(client: Client, method: str, url: str, **options: Any) -> tuple[str, ...]: ...


def assert_protected(
    client: Any,
    method: str,
    url: str,
    *,
    scopes: str | Sequence[str] = (),
    max_age: int | None = None,
    acr: str | None = None,
    claims: Mapping[str, Any] | None = None,
    subject: str = "alice",
    tokens: TestIssuer | None = None,
    accepts: Collection[str] = (),
    answers: int | None = None,
    **request: Any,
) -> tuple[str, ...] | Awaitable[tuple[str, ...]]:
    """Attack a route in twenty ways and more, and raise if one of them is not answered as it has to be.

    A good token is tried first: a route that refuses it, or is not there, proves nothing.

    Args:
        client: `TestClient`, `httpx.Client`, `requests.Session`; or `httpx.AsyncClient`, then await the result.
        method: The HTTP method; "WEBSOCKET" for clients with `websocket_connect`.
        url: The address of the route, as the client takes it.
        scopes: All that the route asks for; a list, or one text with spaces between them.
        max_age: How fresh a sign-in the route asks for, in seconds.
        acr: How strong a sign-in it asks for.
        claims: What else its tokens need to have.
        subject: Whose tokens are tried.
        tokens: The issuer that the application trusts; None for the one that protects it now (`TestIssuer.protects`).
        accepts: Names of attacks that this route lets in knowingly, such as {"revoked"}.
        answers: The status that a good token gets; None for anything that is no refusal and no failure.
        request: Passed on to the client, such as `json=...`.

    Returns:
        The names of the attacks that were tried.

    Raises:
        Unprotected: The message lists what got through, and says what to do.
        LookupError: No issuer protects an application now.
        ValueError: `accepts` names an attack that there is not.
    """
    __tracebackhide__ = True
    issuer: TestIssuer = tokens if tokens is not None else TestIssuer._now_in_charge()
    asked = scopes.split() if isinstance(scopes, str) else list(scopes)
    trial = _Trial(
        f"{method.upper()} {url}",
        list(attacks(issuer, subject=subject, scopes=asked, max_age=max_age, acr=acr, claims=claims)),
        accepts=frozenset(accepts),
    )
    if method.upper() == "WEBSOCKET" or not takes_lists(client):
        trial.attacks = [each for each in trial.attacks if each.name != "two tokens"]
    fit = good_claims(issuer, max_age=max_age, acr=acr, claims=claims)
    good = list(issuer.bearer(subject, scopes=asked, claims=fit).items())

    def sent(attack: Attack) -> tuple[Any, str, str, Sequence[tuple[str, str]], Mapping[str, Any]]:
        address = f"{url}{'&' if '?' in url else '?'}{attack.query}" if attack.query else url
        return client, method.upper(), address, attack.headers, request

    if not is_async(client):
        trial.begin(ask(client, method.upper(), url, good, request), answers)
        for attack in trial.attacks:
            trial.note(attack, ask(*sent(attack)))
        return trial.end()

    async def run() -> tuple[str, ...]:
        __tracebackhide__ = True
        trial.begin(await ask_async(client, method.upper(), url, good, request), answers)
        for attack in trial.attacks:
            trial.note(attack, await ask_async(*sent(attack)))
        return trial.end()

    return issuer._to_be_awaited(trial.route, run())


class _Trial:
    """One route under attack, and what has been seen."""

    def __init__(self, route: str, attacks: list[Attack], *, accepts: frozenset[str]) -> None:
        if unknown := accepts - {each.name for each in attacks}:
            known = ", ".join(sorted({repr(each.name) for each in attacks}))
            raise ValueError(f"accepts names {sorted(unknown)}, which are no attacks; there are {known}")
        self.route, self.attacks, self.accepts = route, attacks, accepts
        self._wrong: list[tuple[Attack, Answered, str]] = []

    def begin(self, good: Answered, answers: int | None) -> None:
        """Look at the answer to a good token."""
        __tracebackhide__ = True
        if good.crash is not None:
            raise Unprotected(
                f"{self.route} fails with a good token, so nothing was attacked: {good.crash!r}"
            ) from good.crash
        if good.status in (401, 403):
            said = good.text[:300] or good.headers.get("www-authenticate", "")
            raise Unprotected(
                f"{self.route} refuses a good token, so nothing was attacked: {good.status} {said}\n"
                "Let the application trust the issuer of the tests: admit_tokens.protects(auth). If the route asks for more, "
                "say so: assert_protected(..., scopes=[...], max_age=..., acr=..., claims={...})."
            )
        if good.status in (404, 405) and answers != good.status:
            raise Unprotected(f"{self.route} answers {good.status}, so nothing was attacked: is there such a route?")
        if 300 <= good.status < 400 and answers != good.status:
            place = good.headers.get("location", "somewhere else")
            raise Unprotected(f"{self.route} answers {good.status}, so nothing was attacked: it is at {place}")
        if good.status >= 500 or (answers is not None and good.status != answers):
            wanted = f"; {answers} was expected" if answers is not None else ""
            raise Unprotected(f"{self.route} answers a good token with {good.status}{wanted}: {good.text[:300]}")

    def note(self, attack: Attack, answered: Answered) -> None:
        """Look at the answer to an attack."""
        problem = _problem(attack, answered)
        if attack.name in self.accepts:
            if problem is None:
                raise Unprotected(f'{self.route} refuses "{attack.name}": take it out of accepts')
            return
        if problem is not None:
            self._wrong.append((attack, answered, problem))

    def end(self) -> tuple[str, ...]:
        """Say what was found."""
        __tracebackhide__ = True
        tried = tuple(dict.fromkeys(each.name for each in self.attacks))
        if not self._wrong:
            return tried
        names = tuple(dict.fromkeys(attack.name for attack, _, _ in self._wrong))
        let_in = [attack for attack, _, problem in self._wrong if problem.startswith("was let in")]
        if "no token" in names and len(let_in) >= len(self.attacks) - 1:
            raise Unprotected(
                f"{self.route} is open: it answers everybody, with any token and with none. "
                "Put auth.require(...) on the route, or on its router.",
                attacks=names,
            )
        lines = [
            f"{self.route} is not protected as it should be; {len(self._wrong)} of {len(self.attacks)} attacks show it:"
        ]
        lines += [f"\n  {attack.sends}\n    {problem}" for attack, _, problem in self._wrong]
        raise Unprotected("\n".join(lines), attacks=names)


def _problem(attack: Attack, answered: Answered) -> str | None:
    """Return what is wrong with an answer, or None."""
    status = answered.status
    if answered.crash is not None:
        return f"raised {answered.crash!r}. Whatever anybody sends has to be refused with {attack.status}."
    redirect = status if 300 <= status < 400 else answered.through if status < 400 else None
    if redirect is not None:
        return (
            f"was sent elsewhere ({redirect}); expected {attack.status}. Programs can't sign in on a page: "
            "answer them with a status and a challenge."
        )
    if status < 400:
        return f"was let in ({status}). {attack.lesson}"
    if status != attack.status and not (attack.name == "two tokens" and status == 401):
        return f"was answered {status}; expected {attack.status}. {_why_not(attack, status)}"
    if status == 401 and not answered.headers.get("www-authenticate", "").lower().startswith(("bearer", "dpop")):
        # RFC 9110 section 15.5.2: "MUST send a WWW-Authenticate header field".
        return "was answered 401 without WWW-Authenticate: Bearer, so that no client can know what to do (RFC 6750 section 3)."
    sent = next((value.partition(" ")[2] for name, value in attack.headers if name == "Authorization"), "")
    if len(sent) > 40 and sent in answered.text:
        return "was refused, and the answer repeats the token: answers end up in logs."
    return None


def _why_not(attack: Attack, status: int) -> str:
    if status >= 500:
        return "It failed instead of refusing."
    if status in _NO_SUCH_ROUTE:
        return "The route is there: a good token found it."
    if attack.status == 401 and status == 403:
        return "403 says that the token is good and does not reach so far; this caller needs another token (RFC 6750 section 3.1)."
    if attack.status == 403 and status == 401:
        return "401 makes clients throw a good token away and sign in again, for nothing (RFC 6750 section 3.1)."
    if status in (400, 422):
        return "The request was read before the token was checked: pass what the route wants, such as json={...}."
    return attack.lesson
