// SPDX-License-Identifier: Apache-2.0
// The demo page: who is here, their notes, their ticket. Everything about tokens is in admit-browser.js.
import { Admit, AdmitError, SignInRefused, stepUpOf, Unreachable } from "./admit-browser.js";
import { showTicket } from "./ticket.js";

const at = (id) => document.getElementById(id);
const settings = await (await fetch("/settings.json")).json();
const admit = open();

const FAREWELLS = {
  signed_out: "You are signed out, in all tabs. The ticket you had opens nothing any more.",
  token_revoked: "Your ticket was taken back, so you are signed out.",
  lease_ended: "Your ticket ended because this page was away too long.",
  invalid_grant: "Your ticket has ended and could not be renewed. Sign in again.",
  token_expired: "Your ticket has ended. Sign in again.",
};

function complain(error) {
  const text = error instanceof Unreachable ? "The sign-in server does not answer. Is it running?"
    : error instanceof SignInRefused && error.code === "access_denied" ? "The sign-in was cancelled."
    : error.code === "storage_blocked" ? "Your browser lets this page store nothing, so nobody can sign in here. Allow cookies and site data for it, then reload."
    : error instanceof AdmitError ? `The sign-in did not work: ${error.message} (${error.code}).`
    : error.message;
  at("alert").textContent = text;
  at("alert").hidden = false;
}

/** Where the browser lacks what a sign-in needs, say so and stop here. */
function open() {
  try {
    return new Admit(settings);
  } catch (error) {
    at("wait").hidden = true;
    complain(error);
    throw error;
  }
}

/** Run an action of the page, with its button asleep meanwhile, and say what went wrong. */
async function act(button, action) {
  at("alert").hidden = true;
  if (button) button.disabled = true;
  try { await action(); } catch (error) { complain(error); } finally { if (button) button.disabled = false; }
}

/** Call the API with the ticket; a refusal becomes an error with the API's own words. */
async function call(path, init) {
  const response = await admit.fetch(new URL(path, settings.resource), init);
  if (response.ok) return response.status === 204 ? null : response.json();
  const { code, title, detail, denial_id } = await response.json().catch(() => ({}));
  const words = typeof detail === "string" ? detail : (title ?? "The API refused");
  throw new Error(`${words} (${[response.status, code, denial_id].filter(Boolean).join(", ")})`);
}

function noteItem(note) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.textContent = note.text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain small";
  button.textContent = "Delete";
  button.setAttribute("aria-label", `Delete the note: ${note.text}`);
  button.addEventListener("click", () => act(button, async () => {
    await call(`/notes/${note.id}`, { method: "DELETE" });
    await showNotes();
    at("status").textContent = "Note deleted.";
    at("text").focus();
  }));
  item.append(text, button);
  return item;
}

async function showNotes() {
  const notes = await call("/notes");
  at("notes").replaceChildren(...notes.map(noteItem));
  at("empty").hidden = notes.length > 0;
}

let seen = null;
let leaving = false;

async function show({ code } = {}) {
  const { signedIn, user } = admit;
  // Between the sign-out and the server's answer there is nothing to click: it would get in the way of the journey.
  at("wait").textContent = leaving ? "Signing out ..." : "";
  at("wait").hidden = !leaving;
  at("outside").hidden = signedIn || leaving;
  for (const id of ["inside", "sign-out", "who"]) at(id).hidden = !signedIn;
  document.title = signedIn ? "Your notes - Demo notes" : "Demo notes";
  if (signedIn) {
    at("name").textContent = user?.preferred_username ?? user?.name ?? user?.sub ?? "somebody";
    await showTicket(admit, settings);
    if (seen !== user?.sub) { seen = user?.sub; await showNotes(); }
  } else {
    seen = null;
    await showTicket(admit, settings);
    at("notes").replaceChildren();
    for (const id of ["status", "ticket-status"]) at(id).textContent = "";
    at("farewell").textContent = FAREWELLS[code] ?? `The API refused your ticket (${code}), so you are signed out.`;
    at("farewell").hidden = !code;
  }
}

at("sign-in").addEventListener("click", () => act(at("sign-in"), () => admit.signIn()));
at("sign-out").addEventListener("click", () => act(at("sign-out"), async () => {
  sessionStorage.setItem("demo:farewell", "signed_out");
  leaving = true;
  try { await admit.signOut(); } finally { leaving = false; await show({ code: "signed_out" }); }
}));
at("renew").addEventListener("click", () => act(at("renew"), async () => {
  await admit.refresh();
  at("ticket-status").textContent = admit.signedIn ? "You have a new ticket, with a new number." : "";
}));
at("add").addEventListener("submit", (event) => {
  event.preventDefault();
  act(event.submitter, async () => {
    await call("/notes", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: at("text").value }) });
    at("text").value = "";
    await showNotes();
    at("status").textContent = "Note added.";
    at("text").focus();
  });
});
/** The API wants a fresh sign-in for this (RFC 9470): leave for it, and do it when back. */
async function deleteAll() {
  const response = await admit.fetch(new URL("/notes", settings.resource), { method: "DELETE" });
  const asked = stepUpOf(response);
  if (asked) {
    sessionStorage.setItem("demo:unfinished", "clear");
    await admit.signIn(asked);
  }
  if (!response.ok) throw new Error(`The API refused (${response.status})`);
  await showNotes();
  at("status").textContent = "All notes deleted.";
}
at("clear").addEventListener("click", () => act(at("clear"), deleteAll));
for (const id of ["curl", "token"]) {
  at(`copy-${id}`).addEventListener("click", () => act(null, async () => {
    await navigator.clipboard.writeText(at(id).textContent);
    at("ticket-status").textContent = "Copied.";
  }));
}
let ended = null;
admit.addEventListener("change", (event) => {
  ended = event.detail.code;
  show(event.detail).catch(complain);
});
// The browser may bring this very page back from its memory, as it was when a button sent it away.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  leaving = false;
  for (const button of document.querySelectorAll("button")) button.disabled = false;
  show().catch(complain);
});

// Not through act(): it would take away what start() itself has to say.
await admit.start().catch(complain);
const farewell = sessionStorage.getItem("demo:farewell");
sessionStorage.removeItem("demo:farewell");
if (!admit.signedIn) await show({ code: farewell ?? ended });
const unfinished = sessionStorage.getItem("demo:unfinished");
sessionStorage.removeItem("demo:unfinished");
if (admit.signedIn && unfinished === "clear") await act(at("clear"), deleteAll);
