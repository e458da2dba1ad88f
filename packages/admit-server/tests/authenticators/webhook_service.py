"""A web service of somebody's own, as a process: says yes to one code, and misbehaves where a user name asks for it.

Run as `python webhook_service.py SECRET`; prints its port. It knows nothing of the server's code: the signature is computed here anew.
With a second argument its clock is that of whoever asks, for servers whose clock a test moves.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

KEY = base64.b64decode(sys.argv[1].removeprefix("whsec_"))
THEIR_TIME = len(sys.argv) > 2


def signature(identifier: str, timestamp: str, body: bytes) -> str:
    digest = hmac.digest(KEY, b"%s.%s.%s" % (identifier.encode(), timestamp.encode(), body), hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


class Service(BaseHTTPRequestHandler):
    asked: ClassVar[dict[str, int]] = {}

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        identifier, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        wanted = signature(identifier, stamp, body)
        if not any(hmac.compare_digest(each, wanted) for each in self.headers["webhook-signature"].split()):
            return self.answer(401, {"error": "no good signature"}, identifier)
        message = json.loads(body)
        who = (message["subject"] or {}).get("username", "")
        if message["type"] == "sign_in.begin":
            if who == "unsigned_begin":
                return self.answer(200, {"prompt": "hm"}, identifier, sign=False)
            if who == "long_prompt":
                return self.answer(200, {"prompt": "x" * 501}, identifier)
            return self.answer(200, {"prompt": f"Hello {who or 'stranger'}", "state": f"begun for {who}"}, identifier)
        if message["state"] != f"begun for {who}":
            return self.answer(200, {"verdict": "rejected", "reason": "another state"}, identifier)
        misbehaves = getattr(self, f"as_{who}", None)
        if misbehaves is not None:
            return misbehaves(identifier, body)
        good = message["response"] == "2468"
        return self.answer(200, {"verdict": "verified" if good else "rejected", "reason": "wrong code"}, identifier)

    def now(self):
        return self.headers["webhook-timestamp"] if THEIR_TIME else str(int(time.time()))

    def answer(self, status, value, identifier, *, sign=True, answers="ans_", headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        own, stamp = answers + identifier.removeprefix("req_"), self.now()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("webhook-id", own)
        self.send_header("webhook-timestamp", stamp)
        if sign:
            self.send_header("webhook-signature", f"v1,old= {signature(own, stamp, body)}")
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def as_pending(self, identifier, body):
        """Twice not yet, then yes."""
        self.asked["pending"] = self.asked.get("pending", 0) + 1
        done = self.asked["pending"] > 2
        self.answer(200, {"verdict": "verified" if done else "pending", "retry_after_s": 3}, identifier)

    def as_unsigned(self, identifier, body):
        self.answer(200, {"verdict": "verified"}, identifier, sign=False)

    def as_proxy(self, identifier, body):
        """A proxy that has no key: it sends the signed request back as the answer."""
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            self.send_header(name, self.headers[name])
        self.end_headers()
        self.wfile.write(body)

    def as_other(self, identifier, body):
        """A signed yes to somebody else's request."""
        self.answer(200, {"verdict": "verified"}, "req_" + "0" * 32)

    def as_reflected(self, identifier, body):
        """A yes signed under the id of the request, not of the answer."""
        self.answer(200, {"verdict": "verified"}, identifier, answers="req_")

    def as_error(self, identifier, body):
        self.answer(500, {"verdict": "verified"}, identifier)

    def as_created(self, identifier, body):
        self.answer(201, {"verdict": "verified"}, identifier)

    def as_redirect(self, identifier, body):
        self.answer(302, {"verdict": "verified"}, identifier, headers=(("location", "/elsewhere"),))

    def as_slow(self, identifier, body):
        time.sleep(5)

    def as_huge(self, identifier, body):
        self.answer(200, {"verdict": "verified", "more": "x" * 70_000}, identifier)

    def as_garbage(self, identifier, body):
        self.answer(200, b"verified", identifier)

    def as_deep(self, identifier, body):
        self.answer(200, b"[" * 60_000, identifier)

    def as_list(self, identifier, body):
        self.answer(200, ["verified"], identifier)

    def as_nothing(self, identifier, body):
        self.answer(200, {"ok": True}, identifier)

    def as_shouting(self, identifier, body):
        self.answer(200, {"verdict": "VERIFIED"}, identifier)

    def as_true(self, identifier, body):
        self.answer(200, {"verdict": True}, identifier)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    print(server.server_port, flush=True)
    server.serve_forever()
