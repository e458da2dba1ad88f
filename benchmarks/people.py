"""Many accounts in one moment, and requests of a browser, for the benchmarks of signing in."""

import html
import http.client
import re
from urllib.parse import urlencode

from argon2 import PasswordHasher

from admit_server.domain.email_address import address_key
from admit_server.domain.password_dumps import Dumped
from admit_server.flows.admin.importing import Immigrant, import_users
from admit_server.flows.runtime import Caller, Runtime
from admit_server.machine.hashing import HashingLimits
from admit_server.ports.transaction import Tx

PASSWORD = "three oaks by the river"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


async def add_people(rt: Runtime, count: int) -> None:
    """`bench-0` to `bench-N`, all with the same password and the same hash of today's parameters: hashing each would take minutes.

    Their addresses are verified.
    """
    limits = HashingLimits()
    hasher = PasswordHasher(time_cost=limits.passes, memory_cost=limits.memory_kib, parallelism=limits.lanes)
    hashed = Dumped(hashed=hasher.hash(PASSWORD))
    people = [
        Immigrant(line=n + 1, username=f"bench-{n}", email=f"bench-{n}@example.com", password=hashed)
        for n in range(count)
    ]
    await import_users(people, dry_run=False, rt=rt, caller=Caller(actor="bench"))
    now = rt.clock()

    async def verify(tx: Tx) -> None:
        for person in people:
            user = await tx.users.by_username_key(person.username)
            if user is not None and user.email is not None:
                await tx.addresses.verify(user.id, address=user.email, address_key=address_key(user.email), now=now)

    await rt.store.write(verify)


class Browser:
    """A browser with a fresh cookie jar, at an address of its own: a test of many strangers must not meet their common counter."""

    def __init__(self, port: int, number: int, *, origin: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        address = f"{11 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.1"
        self._headers = {"X-Forwarded-For": address}
        self._origin = origin or f"http://127.0.0.1:{port}"

    def get(self, path: str) -> tuple[int, str]:
        """The status and text of a page; its cookies are kept."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if cookies := [value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]:
            self._headers["Cookie"] = "; ".join(cookies)
        return answer.status, text

    def post(self, path: str, form: dict[str, str]) -> int:
        """Send a form as a page of the server's own does; the status."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        self._connection.request("POST", path, urlencode(form), self._headers | headers | {"Origin": self._origin})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status

    def sign_in(self, username: str) -> bytes:
        """Sign in once, and return the bytes of a request that does so again: a browser that is known, and nobody signed in with it."""
        _, page = self.get("/sign-in")
        form = urlencode(hidden_fields(page) | {"username": username, "password": PASSWORD})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        self._connection.request("POST", "/sign-in", form, self._headers | headers | {"Origin": self._origin})
        answer = self._connection.getresponse()
        answer.read()
        kept = [value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        cookies = [self._headers["Cookie"], *(cookie for cookie in kept if "-did=" in cookie)]
        if answer.status != 303 or len(cookies) != 2:
            raise SystemExit(f"the sign-in of {username} answered {answer.status} and {len(kept)} cookies")
        lines = self._headers | headers | {"Origin": self._origin, "Cookie": "; ".join(cookies)}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        host = self._origin.partition("//")[2]
        return f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\n{head}Content-Length: {len(form)}\r\n\r\n{form}".encode()

    def follow(self, path: str, form: dict[str, str]) -> int:
        """Send a form and open the page that its answer leads to; the status of that page."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        self._connection.request("POST", path, urlencode(form), self._headers | headers | {"Origin": self._origin})
        answer = self._connection.getresponse()
        answer.read()
        where = answer.getheader("Location")
        return self.get(where)[0] if where is not None else answer.status

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def hidden_fields(page: str) -> dict[str, str]:
    """Of the first form of a page."""
    form = page[page.index("<form") :].partition("</form>")[0]
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(form)}
