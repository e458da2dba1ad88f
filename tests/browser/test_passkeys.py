"""Passkeys in the system's Chromium, with its virtual authenticators: https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from playwright.sync_api import expect
from tests.browser.devices import ADD, ALONE, BESIDE, PLAIN, Owner
from tests.browser.visitor import Visitor
from tests.whole.servers import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(new_visitor: Callable[..., Visitor], named_server: Server) -> Owner:
    """Signed in by password."""
    made = Owner(new_visitor(), named_server)
    made.sign_in()
    return made


@pytest.mark.parametrize(
    ("transport", "label"),
    [
        ("internal", "Passkey on this device"),
        ("usb", "Security key"),
        ("nfc", "Ring, card or key (NFC)"),
        ("hybrid", "Phone"),
    ],
)
def test_a_device_is_added_and_signs_in_without_a_user_name(owner, transport, label):
    device = owner.devices.plug_in(transport)
    owner.add()
    owner.has(label)
    (kept,) = owner.devices.credentials(device)
    assert kept["isResidentCredential"]
    assert kept["rpId"] == "localhost"
    owner.sign_out()
    # Without the offer among the user names, which this device would take up before the button was pressed.
    owner.page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    owner.go("/sign-in")
    owner.page.get_by_role("button", name=ALONE).click()
    owner.is_in()
    owner.go("/account/passkeys")
    expect(owner.page.get_by_text("Last used on")).to_be_visible()


def test_the_browser_offers_passkeys_among_the_user_names(owner):
    """Conditional mediation: nobody presses a button of ours."""
    owner.devices.plug_in()
    owner.add("My laptop")
    owner.has("My laptop")
    owner.sign_out()
    owner.go("/sign-in")
    owner.is_in()


def test_without_any_passkey_the_page_waits_in_silence_and_the_password_works(owner):
    owner.devices.plug_in()
    owner.sign_out()
    owner.go("/sign-in")
    expect(owner.page.get_by_role("button", name=ALONE)).to_be_visible()
    expect(owner.page.get_by_role("alert")).to_have_count(0)
    owner.type_password()
    owner.is_in()


def test_several_of_one_person_each_sign_in(owner):
    first = owner.devices.plug_in("usb")
    owner.add("Red key")
    owner.has("Red key")
    owner.devices.unplug(first)
    second = owner.devices.plug_in("nfc")
    owner.add("Blue ring")
    owner.has("Blue ring")
    owner.sign_out()
    owner.devices.present(second, False)
    owner.go("/sign-in")
    owner.devices.present(second, True)
    owner.page.get_by_role("button", name=ALONE).click()
    owner.is_in()
    owner.go("/account/passkeys")
    expect(owner.page.get_by_text("Last used on")).to_have_count(1)
    expect(owner.page.get_by_text("Not used yet")).to_have_count(1)


def test_one_device_is_not_added_twice(owner):
    owner.devices.plug_in("usb")
    owner.add("Red key")
    owner.has("Red key")
    owner.add("Red key again")
    owner.problem("already holds a passkey of your account")


def test_nobody_at_the_device_is_said_in_words_and_can_be_tried_again(owner):
    device = owner.devices.plug_in("usb")
    owner.add()
    owner.has("Security key")
    owner.sign_out()
    owner.devices.verified(device, False)
    owner.go("/sign-in")
    button = owner.page.get_by_role("button", name=ALONE)
    expect(owner.page.get_by_text("ask the administrator for a recovery link")).to_be_hidden()
    button.click()
    owner.problem("No passkey was used")
    expect(owner.page.get_by_text("ask the administrator for a recovery link")).to_be_visible()
    expect(button).to_be_focused()
    assert owner.devices.credentials(device)


def test_a_key_without_user_verification_does_not_stand_alone(owner):
    device = owner.devices.plug_in("usb", **PLAIN)
    owner.add("Plain key")
    owner.has("Plain key")
    owner.sign_out()
    owner.go("/sign-in")
    owner.page.get_by_role("button", name=ALONE).click()
    owner.problem("No passkey was used")
    assert len(owner.devices.credentials(device)) == 1


def test_user_verification_that_begins_later_is_refused_alone(owner):
    """Whoever found the key could have set its PIN."""
    owner.visitor.watch.expect("status of 403")
    device = owner.devices.plug_in("usb", **PLAIN)
    owner.add("Found key")
    owner.has("Found key")
    (kept,) = owner.devices.credentials(device)
    owner.devices.unplug(device)
    owner.sign_out()
    with_pin = owner.devices.plug_in("usb")
    owner.devices.put(with_pin, kept | {"isResidentCredential": True})
    owner.go("/sign-in")
    owner.page.get_by_role("button", name=ALONE).click()
    owner.problem("That did not work")


def test_a_counter_set_back_is_refused_and_the_owner_reads_of_it(owner):
    owner.visitor.watch.expect("status of 403")
    device = owner.devices.plug_in()
    owner.add("Copied key")
    owner.has("Copied key")
    (copy,) = owner.devices.credentials(device)
    owner.sign_out()
    owner.go("/sign-in")  # signs in by itself, and counts
    owner.is_in()
    owner.sign_out()
    owner.devices.unplug(device)
    # By cable: the browser does not answer with it before the button is pressed.
    other = owner.devices.plug_in("usb")
    owner.devices.put(other, copy)
    owner.go("/sign-in")
    owner.page.get_by_role("button", name=ALONE).click()
    owner.problem("That did not work")
    owner.devices.unplug(other)
    owner.sign_in()
    owner.go("/account/activity")
    expect(owner.page.get_by_text("may have been copied: Copied key")).to_be_visible()


def test_what_was_signed_for_another_origin_is_refused(owner, named_server):
    """The browser would never sign it, so the device's key signs it here, as a false page with a false browser might."""
    owner.visitor.watch.expect("status of 403")
    device = owner.devices.plug_in()
    owner.add()
    owner.has("Passkey on this device")
    (kept,) = owner.devices.credentials(device)
    owner.devices.unplug(device)
    owner.sign_out()
    for origin, accepted in (("http://evil.localhost", False), (named_server.issuer, True)):
        owner.go("/sign-in")
        asked = json.loads(owner.page.locator("[data-options]").get_attribute("data-options") or "")
        answer = signed(kept, asked["publicKey"]["challenge"], origin)
        owner.page.evaluate(
            """answer => {
                const form = document.querySelector('form[data-passkey]');
                form.elements.response.value = answer;
                form.submit();
            }""",
            answer,
        )
        if accepted:
            owner.is_in()
        else:
            owner.problem("That did not work")


def test_a_page_of_another_origin_gets_no_answer_from_the_device(owner, named_server):
    """The browser's part of the same: the passkey is bound to our name."""
    owner.visitor.watch.expect("favicon.ico")
    device = owner.devices.plug_in()
    owner.add()
    owner.has("Passkey on this device")
    owner.page.goto(f"http://127.0.0.1:{named_server.port}/livez")
    told = owner.page.evaluate(
        "navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: 'localhost'}}).then(() => 'given', e => e.name)"
    )
    assert told == "SecurityError"
    assert len(owner.devices.credentials(device)) == 1


def test_a_removed_passkey_is_forgotten_by_the_device_too(owner):
    """signalAllAcceptedCredentials: else the browser goes on offering what nobody takes."""
    device = owner.devices.plug_in()
    owner.add("Old laptop")
    owner.has("Old laptop")
    assert len(owner.devices.credentials(device)) == 1
    owner.page.get_by_text("Rename or remove Old laptop").click()
    owner.page.get_by_label("I want my account to have no passkey").check()
    owner.page.get_by_role("button", name="Remove Old laptop").click()
    expect(owner.page.get_by_text("You have none yet")).to_be_visible()
    expect(owner.page.get_by_role("button", name=ADD)).to_be_visible()
    owner.page.wait_for_function("() => true")
    assert owner.devices.credentials(device) == []


def test_it_is_renamed_by_keyboard_alone(owner):
    owner.devices.plug_in()
    owner.add("Laptop")
    owner.has("Laptop")
    owner.page.get_by_text("Rename or remove Laptop").focus()
    owner.page.keyboard.press("Enter")
    owner.page.keyboard.press("Tab")
    owner.page.keyboard.press("Control+A")
    owner.page.keyboard.type("Grey laptop")
    owner.page.keyboard.press("Enter")
    owner.has("Grey laptop")


def test_beside_a_password_a_key_that_keeps_nothing_is_enough(two_step_server, new_visitor):
    """Not resident, no PIN: added in the middle of the sign-in that asks for it, and used at the next."""
    owner = Owner(new_visitor(), two_step_server)
    device = owner.devices.plug_in("usb", **PLAIN)
    owner.go("/sign-in")
    owner.type_password()
    owner.page.get_by_label("Name").fill("Key without memory")
    owner.page.get_by_role("button", name=ADD).click()
    owner.is_in()
    (kept,) = owner.devices.credentials(device)
    assert not kept["isResidentCredential"]
    owner.sign_out()
    owner.go("/sign-in")
    expect(owner.page.get_by_role("button", name=ALONE)).to_have_count(0)
    owner.type_password()
    owner.page.get_by_role("button", name=BESIDE).click()
    owner.is_in()


def test_beside_a_password_the_wrong_device_is_said_in_words(two_step_server, new_visitor):
    owner = Owner(new_visitor(), two_step_server)
    device = owner.devices.plug_in("usb")
    owner.go("/sign-in")
    owner.type_password()
    owner.page.get_by_role("button", name=ADD).click()
    owner.is_in()
    owner.sign_out()
    owner.devices.unplug(device)
    owner.devices.plug_in("usb")
    owner.go("/sign-in")
    owner.type_password()
    owner.page.get_by_role("button", name=BESIDE).click()
    owner.problem("No passkey was used")


def test_without_scripts_the_page_says_so_and_the_password_works(new_visitor, named_server):
    owner = Owner(new_visitor(java_script_enabled=False), named_server)
    owner.go("/sign-in")
    expect(owner.page.get_by_text("Passkeys and security keys need JavaScript")).to_be_visible()
    expect(owner.page.get_by_role("button", name=ALONE)).to_have_count(0)
    owner.type_password()
    owner.is_in()
    owner.go("/account/passkeys")
    expect(owner.page.get_by_text("can only be added with JavaScript")).to_be_visible()


def test_a_browser_without_passkeys_says_so(new_visitor, named_server):
    visitor = new_visitor()
    visitor.context.add_init_script("delete window.PublicKeyCredential")
    owner = Owner(visitor, named_server)
    owner.go("/sign-in")
    expect(owner.page.get_by_text("can't use passkeys here")).to_be_visible()
    expect(owner.page.get_by_role("button", name=ALONE)).to_have_count(0)
    owner.type_password()
    owner.is_in()


def test_an_older_browser_asks_and_answers_in_the_same_form(new_visitor, named_server):
    """Without the methods of Level 3 that read and write JSON."""
    visitor = new_visitor()
    visitor.context.add_init_script(
        "if (window.PublicKeyCredential) {"
        "for (const name of ['parseRequestOptionsFromJSON', 'parseCreationOptionsFromJSON']) delete PublicKeyCredential[name];"
        "delete PublicKeyCredential.prototype.toJSON; }"
    )
    owner = Owner(visitor, named_server)
    owner.sign_in()
    owner.devices.plug_in()
    owner.add("Old browser")
    owner.has("Old browser")
    owner.sign_out()
    owner.go("/sign-in")
    owner.is_in()


def test_coming_back_to_the_page_asks_anew(owner):
    """The back/forward cache may hold a question that was answered already."""
    owner.devices.plug_in()
    owner.add()
    owner.has("Passkey on this device")
    owner.sign_out()
    owner.go("/sign-in")
    owner.is_in()
    owner.page.go_back()
    owner.is_in()


def signed(kept: dict[str, Any], challenge: str, origin: str) -> str:
    """An assertion by the private key of a virtual authenticator."""
    client = json.dumps(
        {"type": "webauthn.get", "challenge": challenge, "origin": origin, "crossOrigin": False}
    ).encode()
    data = hashlib.sha256(b"localhost").digest() + bytes([0x05]) + (kept["signCount"] + 1).to_bytes(4, "big")
    key: Any = load_der_private_key(base64.b64decode(kept["privateKey"]), None)
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    message = data + hashlib.sha256(client).digest()
    signature = (
        key.sign(message)
        if isinstance(key, ed25519.Ed25519PrivateKey)
        else key.sign(message, ec.ECDSA(hashes.SHA256()))
    )

    def url(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    id = url(base64.b64decode(kept["credentialId"]))
    response = {
        "clientDataJSON": url(client),
        "authenticatorData": url(data),
        "signature": url(signature),
        "userHandle": url(base64.b64decode(kept["userHandle"])),
    }
    return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})


def test_by_the_name_localhost_the_demo_shows_passkeys(launch, new_visitor):
    """An IP address can have none; the demo's page stays where it is, and signs in at the server's name."""
    launched = launch(host_name="localhost")
    launched.wait_until_ready()
    page = new_visitor().context.new_page()
    page.goto(launched.api)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=ALONE)).to_be_visible()
    assert page.url.startswith(f"http://localhost:{launched.port}/sign-in")
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("stamped-ticket-2026")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Your notes")).to_be_visible()
