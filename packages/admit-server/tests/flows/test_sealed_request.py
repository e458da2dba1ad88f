"""A sign-in in progress, carried by the browser."""

import pytest

from admit_server.domain.authorization_request import AuthorizationRequest
from admit_server.domain.errors import InvalidRequest
from admit_server.flows.sealed_request import LASTS_S, seal, seal_request, unseal, unseal_request

pytestmark = pytest.mark.anyio

REQUEST = AuthorizationRequest(
    client_id="web", redirect_uri="https://app.example/cb", scopes=frozenset({"a", "b"}), audience="https://api.example", state="✓🦀",
    nonce=None, code_challenge="x" * 43, prompt=frozenset({"consent"}), max_age_s=5, login_hint="alice",
)  # fmt: skip


async def test_what_was_sealed_comes_back_whole(site):
    text = seal_request(REQUEST, browser="b1", rt=site.rt, now=100)
    assert unseal_request(text, browser="b1", rt=site.rt, now=100 + LASTS_S - 1) == REQUEST


async def test_it_tells_the_browser_nothing(site):
    text = seal_request(REQUEST, browser="b1", rt=site.rt, now=100)
    assert "web" not in text
    assert text != seal_request(REQUEST, browser="b1", rt=site.rt, now=100)


async def test_it_is_good_for_its_browser_its_purpose_and_its_time(site):
    text = seal_request(REQUEST, browser="b1", rt=site.rt, now=100)
    for browser, now in (("b2", 100), ("", 100), ("b1", 100 + LASTS_S)):
        with pytest.raises(InvalidRequest, match=r"refused|ended"):
            unseal_request(text, browser=browser, rt=site.rt, now=now)
    other = seal({"a": 1}, purpose="another", browser="b1", rt=site.rt, now=100)
    with pytest.raises(InvalidRequest):
        unseal_request(other, browser="b1", rt=site.rt, now=100)
    with pytest.raises(InvalidRequest):
        unseal(text, purpose="another", browser="b1", rt=site.rt, now=100)


@pytest.mark.parametrize("text", ["", "x", "=", "ü", "AQ", "A" * 9999, "a b", "\x00"])
async def test_any_other_text_is_refused_kindly(site, text):
    with pytest.raises(InvalidRequest) as refusal:
        unseal_request(text, browser="b1", rt=site.rt, now=100)
    assert "too old, or was opened in another browser" in refusal.value.public
