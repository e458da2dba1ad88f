"""A third party's redirect address, and the way there."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

PAGE = b'<!doctype html><html lang="en"><title>Landed</title><link rel="icon" href="data:,"><h1>Landed</h1></html>'


class Landing:
    """Answers on a port of its own and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        landing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                landing.asked.append({name: values[0] for name, values in query.items()})
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                self.wfile.write(PAGE)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/cb"


@contextmanager
def landing_place() -> Iterator[Landing]:
    """Somewhere to land, while the block lasts."""
    landing = Landing()
    thread = threading.Thread(target=landing.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield landing
    landing.http.shutdown()
    landing.http.server_close()
    thread.join()


class Wish:
    """One authorization request, with what is needed to redeem its code."""

    def __init__(
        self, pair: Any, client_id: str, redirect_uri: str, *, scope: str = "openid notes:read", **more: str
    ) -> None:
        self.verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        self.client_id, self.redirect_uri = client_id, redirect_uri
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {"response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri, "scope": scope} | more
        asked |= {"state": self.state, "code_challenge_method": "S256"}
        asked["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.url = f"{pair.url}/authorize?{urlencode(asked)}"

    def form(self, code: str) -> dict[str, str]:
        """What redeems the code."""
        given = {"grant_type": "authorization_code", "code": code, "code_verifier": self.verifier}
        return given | {"client_id": self.client_id, "redirect_uri": self.redirect_uri}
