// Passkeys on the pages that offer them. The page holds the server's question, the form takes the answer; nothing else is
// read, kept or sent. Without this script the buttons stay hidden, and other ways work as ever.
"use strict";
(() => {
  const WORDS = {
    NotAllowedError: "No passkey was used: it was cancelled, or took too long. You can try again.",
    InvalidStateError: "This device or key already holds a passkey of your account.",
    SecurityError: "Passkeys of this server do not work at this address. Tell its administrator.",
    NotSupportedError: "This device or key can't make a passkey that this server takes.",
    ConstraintError: "This device or key can't check that it is you. Set up its PIN or fingerprint first.",
  };
  const OTHERWISE = "The passkey could not be used. You can try again, or go on in another way.";
  const UNKNOWN = "This browser can't use passkeys here.";

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const ids = (list) => list?.map((each) => ({ ...each, id: bytes(each.id) }));

  // WebAuthn Level 3; older browsers get the same by hand.
  const parsed = (create, options) => {
    const parse = create ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
    if (PublicKeyCredential[parse]) return PublicKeyCredential[parse](options);
    const found = { ...options, challenge: bytes(options.challenge) };
    if (create) {
      found.user = { ...options.user, id: bytes(options.user.id) };
      found.excludeCredentials = ids(options.excludeCredentials);
    } else found.allowCredentials = ids(options.allowCredentials);
    return found;
  };
  const written = (credential) => {
    try { return credential.toJSON(); } catch { /* older browsers, extensions */ }
    const from = credential.response, response = { clientDataJSON: text(from.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (from[name]) response[name] = text(from[name]);
    if (from.getTransports) response.transports = from.getTransports();
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const part = form.querySelector("[data-options]"), button = form.querySelector("button[data-go]");
    const problem = form.querySelector("[role=alert]"), without = form.querySelector("[data-without]");
    const field = form.elements.response;
    const create = form.dataset.passkey === "create", asked = JSON.parse(part.dataset.options);
    let running;

    const say = (words) => { problem.textContent = words; problem.hidden = !words; };
    const ask = async (mediation) => {
      running?.abort();
      const mine = running = new AbortController();
      const options = { publicKey: parsed(create, asked.publicKey), signal: mine.signal, ...(mediation && { mediation }) };
      try {
        const credential = await navigator.credentials[create ? "create" : "get"](options);
        field.value = JSON.stringify(written(credential));
        form.submit();
      } catch (error) {
        if (running !== mine) return; // another question took its place
        button.disabled = false;
        if (!mediation) {
          say(WORDS[error.name] ?? OTHERWISE);
          document.querySelector(".lost")?.setAttribute("open", "");
          button.focus();
          fill();
        }
      }
    };
    // The browser offers passkeys among user names.
    const fill = async () => {
      if (asked.conditional && await PublicKeyCredential.isConditionalMediationAvailable?.()) ask("conditional");
    };

    if (!window.PublicKeyCredential) {
      without.textContent = UNKNOWN;
      continue;
    }
    without.hidden = true;
    button.hidden = false;
    if (create) {
      // What was removed or renamed here is so on the devices too.
      const { rp, user, excludeCredentials } = asked.publicKey, of = { rpId: rp.id, userId: user.id };
      PublicKeyCredential.signalAllAcceptedCredentials?.({ ...of, allAcceptedCredentialIds: excludeCredentials.map((each) => each.id) })
        .catch(() => {});
      PublicKeyCredential.signalCurrentUserDetails?.({ ...of, name: user.name, displayName: user.displayName }).catch(() => {});
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      say("");
      button.disabled = true;
      ask();
    });
    // A page that was kept alive: its question may be spent.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    fill();
  }
})();
