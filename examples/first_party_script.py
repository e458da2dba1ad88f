"""Sign in from a script, call the API, refresh, sign out, and see the same ticket refused. Standard library only.

    printf 'stamped-ticket-2026' | python examples/first_party_script.py

Needs a client that was added with --first-party; `make run` adds `demo-web`. The password comes from standard input.
"""

import base64
import getpass
import hashlib
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

ISSUER = "http://127.0.0.1:8100"
API = "http://127.0.0.1:8101"
CLIENT_ID = "demo-web"
USERNAME = "demo"


def post(url: str, **form: str) -> dict[str, Any]:
    """Send a form; the answer's JSON. Ends the script with the server's own words when it says no."""
    try:
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=10) as answer:
            text = answer.read()
            return json.loads(text) if text else {}
    except urllib.error.HTTPError as error:
        refusal = json.load(error)
        sys.exit(f"{url}: {refusal['error']} ({refusal.get('denial_id', 'no number')})")


def call_api(token: str) -> str:
    """GET /notes with the ticket: the status, and the code of a refusal."""
    request = urllib.request.Request(f"{API}/notes", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return f"{error.code} {json.load(error)['code']}"


def main() -> None:
    """The whole way."""
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    with urllib.request.urlopen(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10) as answer:
        server = json.load(answer)

    # RFC 7636: only who knows the verifier can use the code.
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    code = post(
        server["authorization_challenge_endpoint"],
        client_id=CLIENT_ID,
        scope="notes:read",
        username=USERNAME,
        password=password,
        code_challenge=challenge,
        code_challenge_method="S256",
    )["authorization_code"]
    tokens = post(
        server["token_endpoint"],
        grant_type="authorization_code",
        client_id=CLIENT_ID,
        code=code,
        code_verifier=verifier,
    )
    print("signed in, a ticket for", tokens["expires_in"], "seconds:", tokens["scope"])
    print("the API says", call_api(tokens["access_token"]))

    tokens = post(
        server["token_endpoint"],
        grant_type="refresh_token",
        client_id=CLIENT_ID,
        refresh_token=tokens["refresh_token"],
    )
    print("refreshed, the API says", call_api(tokens["access_token"]))

    post(server["revocation_endpoint"], client_id=CLIENT_ID, token=tokens["refresh_token"])
    signed_out_at = time.monotonic()
    while (said := call_api(tokens["access_token"])) == "200" and time.monotonic() < signed_out_at + 5:
        time.sleep(0.02)
    print("signed out, the API says", said)


if __name__ == "__main__":
    main()
