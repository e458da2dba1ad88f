"""One service, one secret, no server: mint a JWT, check it, and see what is refused."""

import os

from admit import BadSignature, InsufficientScope, Issuer, Verifier, WrongAudience

SHOP = "https://shop.example"

secret = os.urandom(32)  # in a real service: 32 random bytes from your secret store, the same at every start
issuer = Issuer(issuer=SHOP, key=secret)
verifier = Verifier(issuer=SHOP, audience=SHOP, keys=secret)

token = issuer.issue(subject="alice", audience=SHOP, scopes=["cart"], lifetime_s=900)
who = verifier.verify(token)
print("let in:", who.subject, *who.scopes)

for what, bad in {
    "signed with another secret": Issuer(issuer=SHOP, key=os.urandom(32)).issue(subject="alice", audience=SHOP),
    "for somebody else": issuer.issue(subject="alice", audience="https://other.example"),
}.items():
    try:
        verifier.verify(bad)
    except (BadSignature, WrongAudience) as refused:
        print(f"refused, {what}:", refused.code)

try:
    who.require("refunds")
except InsufficientScope as refused:
    print("refused:", refused.challenge())
