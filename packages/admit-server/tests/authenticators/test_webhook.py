"""A process of somebody's own answers, over real HTTP. Only a whole, fresh, signed yes is a yes."""

import base64
import json
import secrets
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from admit_server.authenticators.api import (
    Context,
    HttpAnswer,
    NotMine,
    NotReached,
    Pending,
    Rejected,
    Subject,
    Verified,
)
from admit_server.authenticators.webhook import WebhookAuthenticator, sign
from admit_server.machine.http import GuardedHttp, Limits

pytestmark = pytest.mark.anyio

VECTOR = json.loads((Path(__file__).parent / "vectors" / "standard_webhooks.json").read_text())
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()


@pytest.fixture(scope="module")
def service():
    """The address of a running service, a process of its own."""
    program = Path(__file__).parent / "webhook_service.py"
    process = subprocess.Popen([sys.executable, str(program), SECRET], stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def context(post=None, **changes):
    async def no_hash(*_):
        raise AssertionError("nothing is hashed")

    http = GuardedHttp(development=True, limits=Limits(timeout_s=1.0))
    ctx = Context(
        now=int(time.time()),
        entropy=secrets.token_bytes,
        verify_hash=no_hash,
        make_hash=no_hash,
        needs_rehash=lambda _: False,
        issuer="https://id.example.com",
        post=post or http.post,
    )
    return replace(ctx, **changes)


def person(name):
    return Subject(id="usr_1", username=name)


async def answered(url, who, response="2468", **options):
    """The verdict of a whole ceremony."""
    authenticator = WebhookAuthenticator(url=url, secret=SECRET, **options)
    subject = person(who) if who else None
    challenge = await authenticator.begin(context(), subject, ())
    return await authenticator.finish(context(), challenge.state, {authenticator.name: response}, ())


def test_the_signature_is_that_of_the_reference_library():
    key = base64.b64decode(VECTOR["secret"].removeprefix("whsec_"))
    made = sign(key, id=VECTOR["id"], timestamp=VECTOR["timestamp"], body=VECTOR["body"].encode())
    assert made == VECTOR["signature"]


async def test_the_process_says_yes_to_the_right_response_and_no_to_any_other(service):
    assert await answered(service, "alice") == Verified(amr=("webhook",), subject="usr_1")
    verdict = await answered(service, "alice", "1357")
    assert verdict == Rejected("the process behind webhook said no: wrong code")


async def test_what_it_shows_is_of_the_options(service):
    verdict = await answered(service, "alice", factors=["possession"], amr=["tel", "mca"], name="call")
    assert verdict == Verified(amr=("tel", "mca"), subject="usr_1")
    authenticator = WebhookAuthenticator(url=service, secret=SECRET, factors=["possession"])
    assert authenticator.factors == {"possession"}
    assert WebhookAuthenticator(url=service, secret=SECRET).factors == set()


async def test_its_prompt_is_shown_and_its_state_comes_back_to_it(service):
    authenticator = WebhookAuthenticator(url=service, secret=SECRET)
    challenge = await authenticator.begin(context(), person("alice"), ())
    assert (challenge.kind, challenge.fields) == ("webhook", ("webhook",))
    assert challenge.public["message"] == "Hello alice"
    forged = json.dumps({"subject": {"id": "usr_1", "username": "alice"}, "state": "begun for bob"}).encode()
    verdict = await authenticator.finish(context(), forged, {"webhook": "2468"}, ())
    assert "another state" in verdict.reason


async def test_a_person_who_approves_elsewhere_is_waited_for(service):
    authenticator = WebhookAuthenticator(url=service, secret=SECRET, poll=True)
    challenge = await authenticator.begin(context(), person("pending"), ())
    assert (challenge.fields, challenge.public["poll"]) == ((), True)
    verdicts = [await authenticator.finish(context(), challenge.state, {"webhook": ""}, ()) for _ in range(3)]
    assert verdicts == [Pending(3), Pending(3), Verified(amr=("webhook",), subject="usr_1")]


async def test_nobody_is_asked_about_as_well_and_is_never_verified(service):
    """The same calls, so that the time does not tell who exists."""
    assert await answered(service, "") == Rejected("no such user")


async def test_two_instances_finish_each_others_ceremonies(service):
    challenge = await WebhookAuthenticator(url=service, secret=SECRET).begin(context(), person("alice"), ())
    other = WebhookAuthenticator(url=service, secret=SECRET)
    assert isinstance(await other.finish(context(), challenge.state, {"webhook": "2468"}, ()), Verified)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("unsigned", "without a good signature"),
        ("proxy", "without a good signature"),
        ("other", "without a good signature"),
        ("reflected", "without a good signature"),
        ("error", "answered 500"),
        ("created", "answered 201"),
        ("redirect", "redirect"),
        ("slow", "within 1 s"),
        ("huge", "more than 65536 bytes"),
        ("garbage", "something else than a JSON object"),
        ("deep", "something else than a JSON object"),
        ("list", "something else than a JSON object"),
        ("nothing", "no verdict"),
        ("shouting", "no verdict"),
        ("true", "no verdict"),
    ],
)
async def test_whatever_is_no_signed_verdict_to_this_request_is_no_answer(service, name, told):
    """Whoever asked refuses, and does not count it against the person."""
    with pytest.raises(NotReached) as raised:
        await answered(service, name)
    assert told in str(raised.value)


@pytest.mark.parametrize("name", ["unsigned_begin", "long_prompt"])
async def test_a_bad_beginning_fails(service, name):
    with pytest.raises(NotReached):
        await WebhookAuthenticator(url=service, secret=SECRET).begin(context(), person(name), ())


async def test_a_wrong_secret_on_either_side_is_a_refusal(service):
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    with pytest.raises(NotReached, match="answered 401"):
        await WebhookAuthenticator(url=service, secret=other).begin(context(), person("alice"), ())


async def test_while_the_secret_is_changed_both_are_good(service):
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    for secret in (f"{other} {SECRET}", f"{SECRET} {other}"):
        authenticator = WebhookAuthenticator(url=service, secret=secret)
        challenge = await authenticator.begin(context(), person("alice"), ())
        verdict = await authenticator.finish(context(), challenge.state, {"webhook": "2468"}, ())
        assert isinstance(verdict, Verified)


async def test_an_answer_is_good_for_its_own_request_only():
    """What was recorded on the way is of no use: each request has an id of its own."""
    recorded = []

    async def recording(url, body, headers):
        identifier, stamp = headers["webhook-id"].replace("req_", "ans_"), "1"
        yes = json.dumps({"verdict": "verified", "prompt": "", "state": ""}).encode()
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = {"webhook-signature": sign(key, id=identifier, timestamp=stamp, body=yes)}
        recorded.append(
            HttpAnswer(status=200, headers={"webhook-id": identifier, "webhook-timestamp": stamp} | signed, body=yes)
        )
        return recorded[-1]

    async def replaying(url, body, headers):
        return recorded[-1]

    authenticator = WebhookAuthenticator(url="https://process.test/", secret=SECRET)
    challenge = await authenticator.begin(context(recording), person("alice"), ())
    assert isinstance(await authenticator.finish(context(recording), challenge.state, {"webhook": ""}, ()), Verified)
    with pytest.raises(NotReached, match="without a good signature"):
        await authenticator.finish(context(replaying), challenge.state, {"webhook": ""}, ())


async def test_no_process_and_no_permission_to_call_are_refusals():
    authenticator = WebhookAuthenticator(url="http://127.0.0.1:9/", secret=SECRET)
    with pytest.raises(NotReached):
        await authenticator.begin(context(), person("alice"), ())
    state = json.dumps({"subject": {"id": "usr_1", "username": "alice"}, "state": ""}).encode()
    for ctx, told in (
        (context(), "can't be reached"),
        (context(GuardedHttp().post), "may be called"),
        (replace(context(), post=None), "calls no outside"),
    ):
        with pytest.raises(NotReached, match=told):
            await authenticator.finish(ctx, state, {"webhook": "2468"}, ())


@pytest.mark.parametrize("state", [b"", b"{}", b"[]", b"\xff", b'"x"', b"null"])
async def test_a_state_that_is_none_is_refused_without_a_call(service, state):
    async def never(*_):
        raise AssertionError("nobody is called")

    authenticator = WebhookAuthenticator(url=service, secret=SECRET)
    assert isinstance(await authenticator.finish(context(never), state, {"webhook": "2468"}, ()), Rejected)


async def test_a_response_for_another_authenticator_is_not_its_own_and_calls_nobody():
    authenticator = WebhookAuthenticator(url="https://process.test/", secret=SECRET)
    assert await authenticator.finish(context(), b"", {"totp": "123456"}, ()) == NotMine()


async def test_an_endless_response_is_not_handed_on(service):
    assert isinstance(await answered(service, "alice", "2468" + " " * 5000), Rejected)


@pytest.mark.parametrize(
    "options",
    [
        {"secret": ""},
        {"secret": "short"},
        {"secret": "whsec_" + base64.b64encode(bytes(23)).decode()},
        {"secret": "whsec_" + base64.b64encode(bytes(65)).decode()},
        {"secret": "whsec_not base64"},
        {"secret": base64.b64encode(bytes(32)).decode()},
        {"factors": ["magic"]},
        {"name": "Web Hook"},
    ],
)
def test_options_that_can_not_be_are_refused_in_words(options):
    with pytest.raises(ValueError, match=r"has to be|have to be|is empty"):
        WebhookAuthenticator(**({"url": "https://process.test/", "secret": SECRET} | options))


def test_the_secret_is_in_no_representation():
    assert SECRET.removeprefix("whsec_") not in repr(WebhookAuthenticator(url="https://x.test/", secret=SECRET))
