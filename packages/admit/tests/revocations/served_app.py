"""An application that checks tokens, for servers that fork: WSGI as `wsgi`, ASGI as `asgi`. Made at import, as applications are."""

import json
import os

from admit import TokenRejected, Verifier, VerifierUnavailable

verifier = Verifier(issuer=os.environ["ISSUER"], audience=os.environ["AUDIENCE"])
if "USED_BEFORE" in os.environ:
    verifier.verify(os.environ["USED_BEFORE"])


def said(code):
    return json.dumps({"pid": os.getpid(), "code": code}).encode()


def wsgi(environ, start_response):
    try:
        verifier.verify(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        code = "good"
    except (TokenRejected, VerifierUnavailable) as error:
        code = error.code
    start_response("200 OK", [("Content-Type", "application/json")])
    return [said(code)]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                verifier.close()
                return
    try:
        await verifier.verify_async(dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer "))
        code = "good"
    except (TokenRejected, VerifierUnavailable) as error:
        code = error.code
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": said(code)})
