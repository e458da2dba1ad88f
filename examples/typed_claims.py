"""Claims of your own, checked with the token and known to the type checker. Needs `admit[fast]`."""

import secrets
from dataclasses import dataclass, field
from typing import assert_type

from admit import Issuer, MalformedToken, Verifier

SHOP = "https://shop.example"
secret = secrets.token_bytes(32)


@dataclass
class Claims:
    """What this shop needs to know of a person beside who they are."""

    tenant: str
    roles: list[str] = field(default_factory=list)


verifier = Verifier(issuer=SHOP, audience=SHOP, keys=secret, claims=Claims)
issuer = Issuer(issuer=SHOP, key=secret)

token = issuer.issue(subject="alice", audience=SHOP, claims={"tenant": "acme", "roles": ["buyer"]})
who = verifier.verify(token)
assert_type(who.claims, Claims)
assert_type(who.claims.roles, list[str])
print(f"{who.subject} of {who.claims.tenant} is {' and '.join(who.claims.roles)}")

try:
    verifier.verify(issuer.issue(subject="mallory", audience=SHOP))
except MalformedToken as refusal:
    print(f"refused: {refusal}")
