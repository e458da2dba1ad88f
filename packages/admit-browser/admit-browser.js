// SPDX-License-Identifier: Apache-2.0
/**
 * Sign people in with Admit (or any OpenID Connect server) from a page: authorization code with PKCE, tokens in memory
 * only, one refresh at a time for all tabs, sign-out in all tabs. One module, no dependencies.
 *
 * Where this stands in RFC 10017, OAuth 2.0 for Browser-Based Applications: it is the browser-based client. Nothing that
 * opens a door is ever written to storage (section on in-memory storage); yet a script that an attacker gets to run in
 * the page can do what the page can do. Give the page a strict Content-Security-Policy.
 */

/** Any failure of this module; `code` is stable and fit for a `switch`, the message is for developers. */
export class AdmitError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.name = new.target.name;
    /** @readonly */
    this.code = code;
  }
}
/**
 * The options, the page or the server's metadata are not fit for use: `bad_option`, `insecure_context`,
 * `storage_blocked`, `bad_metadata`.
 */
export class SettingsError extends AdmitError {}
/** The server did not answer, or with 429 or 5xx: `unreachable`. Nothing was forgotten; try again later. */
export class Unreachable extends AdmitError {}
/** The server said no; `code` is its OAuth error, such as `access_denied` or `invalid_grant`. */
export class SignInRefused extends AdmitError {
  /** @param {string} code @param {string} said @param {string} [denialId] the number of the refusal, for the administrator */
  constructor(code, said, denialId) {
    super(code, denialId ? `${said} (${denialId})` : said);
    this.denialId = denialId;
  }
}
/** An answer failed our own checks: `state_unknown`, `issuer_mismatch`, `bad_token_response`, `bad_id_token`. */
export class SignInRejected extends AdmitError {}

const CALLBACK_PARAMETERS = ["code", "state", "iss", "error", "error_description", "error_uri", "denial_id", "session_state"];
// OpenID Connect Core 3.1.2.6: what prompt=none answers when the person would have to do something.
const NEEDS_PERSON = new Set(["login_required", "interaction_required", "consent_required", "account_selection_required"]);
// RFC 9470: the ticket is good, but the sign-in behind it is too weak or too old for this request.
const STEP_UP = new Set(["insufficient_user_authentication", "step_up_required"]);
const REQUEST_TIMEOUT_MS = 8_000; // three tries stay within the server's 30 s window for a repeated refresh
const RETRY_PAUSES_MS = [300, 1_000];
const OTHER_TABS_MS = 200; // how long to wait for what other tabs may know
const CLOCK_LEEWAY_S = 120;
const ABANDONED_MS = 3_600_000;
const LEASE_AGAIN_MS = 5_000; // when the server did not answer a renewal

const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
const base64url = (/** @type {Uint8Array} */ bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const parse = (/** @type {string | null} */ json) => { try { return JSON.parse(json ?? "null"); } catch { return null; } };

/** @param {string} name @param {unknown} text @param {string} [code] */
function safeUrl(name, text, code = "bad_option") {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : null;
  const loopback = url?.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url?.protocol === "https:" || loopback) return /** @type {URL} */ (url);
  throw new SettingsError(code, `${name} must be an https URL (http on loopback only), got ${text}`);
}

/** @param {string} idToken @returns {import("./admit-browser.js").User} */
function claimsOf(idToken) {
  try {
    const bytes = Uint8Array.from(atob(idToken.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SignInRejected("bad_id_token", "The ID token cannot be read", { cause });
  }
}

/**
 * @typedef {import("./admit-browser.js").AdmitOptions} AdmitOptions
 * @typedef {{ family: string, since: number, count: number, access: string, expiresAt: number, marginMs: number,
 *   refresh: string | null, idToken: string | null, scope: string, lease: string | null, leaseMs: number,
 *   user: import("./admit-browser.js").User | null }} Tokens
 *   `family` names one sign-in, `since` and `count` order what tabs tell each other.
 * @typedef {{ verifier: string, nonce: string, returnTo: string, silent: boolean, at: number, after?: string, finished?: boolean }} Journey
 *   `after`: why this browser lost its ticket before it set out to come back silently.
 */

/**
 * Keeps a lease alive while a tab of the app lives: the server ends the tickets of an app that stops renewing it. One tab,
 * the keeper, does it for all: the one that holds a Web Lock, which the browser hands on when a tab goes, however it goes.
 * Without Web Locks every tab does it.
 */
class LeaseKeeper {
  /** @type {string | null} */ #text = null;
  /** @type {number} */ #lengthMs = 0;
  /** @type {number} */ #renewedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {(() => void) | null} */ #release = null; // set while this tab is the keeper
  /** @type {AbortController | null} */ #waiting = null;
  // The server hears a tab that quits only if no other one renewed after it: words may overtake each other on their way.
  #holder = random();
  #name; #renew; #quit; #lost;

  /**
   * @param {string} name of the app @param {(text: string, holder: string) => Promise<unknown>} renew
   * @param {(text: string, holder: string) => void} quit must not wait for anything @param {(text: string) => void} lost
   */
  constructor(name, renew, quit, lost) {
    [this.#name, this.#renew, this.#quit, this.#lost] = [name, renew, quit, lost];
    addEventListener("pagehide", () => { if (this.#release && this.#text) this.#quit(this.#text, this.#holder); this.#stop(); });
    addEventListener("pageshow", (event) => { if (event.persisted) this.#begin(); });
    // Timers of hidden pages are slow, and those of a machine that sleeps stand still.
    for (const [target, type] of /** @type {[EventTarget, string][]} */ ([[document, "visibilitychange"], [globalThis, "online"]])) {
      target.addEventListener(type, () => { if (!document.hidden && Date.now() - this.#renewedAt >= this.#lengthMs / 3) this.assure(); });
    }
  }

  /** Keep this lease from now on. @param {string | null} text null: none any more @param {number} lengthMs */
  keep(text, lengthMs) {
    const shorter = lengthMs < this.#lengthMs;
    this.#lengthMs = lengthMs;
    if (text === this.#text) { if (shorter) this.assure(); return; }
    this.#stop();
    this.#text = text;
    this.#begin();
  }

  /** Renew it now, if that is this tab's task. */
  assure() {
    if (this.#release) this.#again(0);
  }

  #begin() {
    const text = this.#text;
    if (!text) return;
    const held = () => new Promise((done) => { this.#release = () => done(undefined); this.#again(0); });
    if (!navigator.locks) { held(); return; }
    const waiting = (this.#waiting = new AbortController());
    // The last characters, a checksum, tell one lease of this app from another; the name of a lock is no place for the whole.
    navigator.locks.request(`admit:lease:${this.#name}:${text.slice(-6)}`, { signal: waiting.signal },
      () => (waiting.signal.aborted ? undefined : held())).catch(() => {}); // given up
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#waiting?.abort();
    this.#release?.();
    this.#waiting = this.#release = null;
  }

  #again(/** @type {number} */ ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), ms);
  }

  async #turn() {
    const text = this.#text;
    if (!text || !this.#release) return;
    let pauseMs = this.#lengthMs / 3;
    try {
      await this.#renew(text, this.#holder);
      this.#renewedAt = Date.now();
    } catch (error) {
      if (text !== this.#text) return;
      if (error instanceof SignInRefused && error.code === "lease_ended") { this.#stop(); this.#lost(text); return; }
      pauseMs = Math.min(LEASE_AGAIN_MS, pauseMs);
    }
    if (text === this.#text && this.#release) this.#again(pauseMs);
  }
}

/**
 * What a resource asks of a fresh or stronger sign-in (RFC 9470 section 3), for `signIn`; null when it asks for none.
 * @param {Response} response @returns {import("./admit-browser.js").StepUp | null}
 */
export function stepUpOf(response) {
  const challenge = response.status === 401 ? response.headers.get("WWW-Authenticate") ?? "" : "";
  if (!/\berror="insufficient_user_authentication"/.test(challenge)) return null;
  const [maxAge, acrValues] = [/\bmax_age="(\d+)"/.exec(challenge)?.[1], /\bacr_values="([^"]+)"/.exec(challenge)?.[1]];
  return { ...(maxAge ? { maxAge: Number(maxAge) } : {}), ...(acrValues ? { acrValues } : {}) };
}

/** The signed-in state of this browser for one client and one resource. Fires `change` whenever that state changes. */
export class Admit extends EventTarget {
  /** @type {Required<AdmitOptions>} */ #options;
  /** @type {string} */ #key;
  /** @type {Set<string>} */ #origins;
  /** @type {Tokens | null} */ #tokens = null;
  /** @type {Set<string>} */ #ended = new Set();
  /** @type {Promise<Record<string, any>> | null} */ #metadata = null;
  /** @type {Promise<void> | null} */ #refreshing = null;
  /** @type {Promise<import("./admit-browser.js").User | null> | null} */ #started = null;
  /** @type {BroadcastChannel | null} */ #channel = null;
  /** @type {LeaseKeeper} */ #keeper;
  /** @type {string | null} */ #leaseEndpoint = null;

  /** @param {AdmitOptions} options */
  constructor(options) {
    super();
    const { issuer, clientId, redirectUri, scope = "openid", resource } = options;
    safeUrl("issuer", issuer);
    safeUrl("redirectUri", redirectUri);
    if (!clientId || !resource) throw new SettingsError("bad_option", "clientId and resource are required");
    if (!globalThis.crypto?.subtle) throw new SettingsError("insecure_context", "Sign-in needs https, or http on localhost");
    try { sessionStorage.length; } catch (cause) { throw new SettingsError("storage_blocked", "Sign-in needs sessionStorage", { cause }); }
    const origins = options.origins ?? [resource];
    const postLogoutRedirectUri = options.postLogoutRedirectUri ?? redirectUri;
    this.#options = { issuer, clientId, redirectUri, scope, resource, origins, postLogoutRedirectUri };
    this.#origins = new Set(origins.map((text) => safeUrl("origins (or resource)", text).origin));
    this.#key = JSON.stringify([issuer, clientId, resource, scope]);
    if (globalThis.BroadcastChannel) {
      this.#channel = new BroadcastChannel(`admit:${this.#key}`);
      this.#channel.onmessage = ({ data }) => this.#heard(data);
    }
    this.#keeper = new LeaseKeeper(JSON.stringify([issuer, clientId]), (lease, holder) => this.#lease({ lease, action: "renew", holder }),
      (lease, holder) => {
        this.#tell({ type: "left" });
        if (this.#leaseEndpoint) navigator.sendBeacon(this.#leaseEndpoint, new URLSearchParams({ lease, action: "quit", holder }));
      },
      (lease) => { this.#leaseLost(lease).catch(() => this.#end("lease_ended", true)); });
    // A page that slept in the back/forward cache may have missed the sign-out; the hint cannot have.
    addEventListener("pageshow", (event) => { if (event.persisted && this.#tokens && !this.#hint()) this.#end("signed_out", false); });
  }

  /** Claims of the ID token, or null when signed out. For display: what counts is what the API verifies. */
  get user() { return this.#tokens?.user ?? null; }
  /** Whether this browser holds a ticket. */
  get signedIn() { return this.#tokens !== null; }
  /** When the present access token ends by itself. */
  get expiresAt() { return this.#tokens ? new Date(this.#tokens.expiresAt) : null; }
  /** The scopes that were really granted. */
  get scopes() { return this.#tokens ? this.#tokens.scope.split(" ").filter(Boolean) : []; }

  /**
   * Find out who is signed in; call once, before anything else. Finishes a sign-in when the page is its callback,
   * otherwise asks the other tabs, otherwise comes back silently if this browser was signed in.
   * @returns {Promise<import("./admit-browser.js").User | null>} @throws {AdmitError}
   */
  start() {
    return (this.#started ??= this.#start().catch((error) => { this.#started = null; throw error; }));
  }

  async #start() {
    const answer = this.#takeCallback();
    const wentSilently = sessionStorage.getItem(`admit:silent:${this.#key}`);
    sessionStorage.removeItem(`admit:silent:${this.#key}`);
    const journey = answer && this.#journeyOf(answer);
    if (answer && journey && !journey.finished) {
      await this.#finish(answer, journey);
    } else if (answer || this.#hint()) {
      this.#tell({ type: "ask" });
      await this.#change(OTHER_TABS_MS);
      // Never a loop: a server that sends the browser back without an answer is not asked again by this page load.
      if (!this.#tokens && !wentSilently) await this.#depart({ prompt: "none" }, location.href, true);
    }
    return this.user;
  }

  /**
   * Leave for the sign-in page. The promise never settles: the page goes away.
   * @param {import("./admit-browser.js").SignInOptions} [options]
   */
  async signIn({ returnTo = location.href, prompt, loginHint, maxAge, acrValues } = {}) {
    // Only an address of this very origin: a returnTo taken from a link must not become an open redirect.
    if (new URL(returnTo, location.href).origin !== location.origin) {
      throw new SettingsError("bad_option", "returnTo must be of this page's origin");
    }
    await this.#depart({ prompt, login_hint: loginHint, max_age: maxAge?.toString(), acr_values: acrValues }, returnTo, false);
  }

  /** @param {Record<string, string | undefined>} extra @param {string} returnTo @param {boolean} silent @param {string} [after] */
  async #depart(extra, returnTo, silent, after) {
    const { authorization_endpoint } = await this.#discover();
    const [state, nonce, verifier] = [random(), random(), random()];
    const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
    for (const name of Object.keys(sessionStorage).filter((n) => n.startsWith("admit:journey:"))) {
      if (Date.now() - (parse(sessionStorage.getItem(name))?.at ?? 0) > ABANDONED_MS) sessionStorage.removeItem(name);
    }
    // One entry per state, in this tab's own storage: sign-ins in two tabs, or twice in one, never meet.
    const journey = { verifier, nonce, returnTo: new URL(returnTo, location.href).href, silent, at: Date.now(), after };
    sessionStorage.setItem(`admit:journey:${state}`, JSON.stringify(journey));
    if (silent) sessionStorage.setItem(`admit:silent:${this.#key}`, "1");
    const { clientId, redirectUri, scope, resource } = this.#options;
    await this.#go(authorization_endpoint, { response_type: "code", client_id: clientId, redirect_uri: redirectUri, scope, resource,
      state, nonce, code_challenge: challenge, code_challenge_method: "S256", ...extra }, silent);
  }

  /** @param {string} endpoint @param {Record<string, string | undefined | null>} parameters @returns {Promise<void>} never */
  #go(endpoint, parameters, silent = false) {
    const url = new URL(endpoint);
    for (const [name, value] of Object.entries(parameters)) if (value) url.searchParams.set(name, value);
    silent ? location.replace(url) : location.assign(url); // nobody's Back button should lead into a silent journey
    return new Promise(() => {});
  }

  /** Take the answer out of the address at once, so that no reload, bookmark or referrer repeats it. */
  #takeCallback() {
    const here = new URL(location.href);
    const callback = new URL(this.#options.redirectUri);
    const answer = Object.fromEntries(CALLBACK_PARAMETERS.map((name) => [name, here.searchParams.get(name)]));
    if (here.origin !== callback.origin || here.pathname !== callback.pathname || !answer.state) return null;
    const departed = sessionStorage.getItem(`admit:signed-out:${answer.state}`);
    if (!departed && !answer.code && !answer.error) return null;
    for (const name of CALLBACK_PARAMETERS) here.searchParams.delete(name);
    history.replaceState(history.state, "", here);
    sessionStorage.removeItem(`admit:signed-out:${answer.state}`);
    return departed ? null : answer;
  }

  /**
   * The journey that an answer belongs to. It is remembered as finished, without its secrets: somebody who signs in once
   * more on a page that the Back button led to brings the same state again. That second answer is never used, but it
   * says that a session is there, so the tab comes back silently.
   * @param {Record<string, string | null>} answer @returns {Journey} as it was before
   */
  #journeyOf(answer) {
    const name = `admit:journey:${answer.state}`;
    const journey = /** @type {Journey | null} */ (parse(sessionStorage.getItem(name)));
    if (!journey) throw new SignInRejected("state_unknown", "This sign-in was not begun in this tab");
    const { returnTo, at } = journey;
    sessionStorage.setItem(name, JSON.stringify({ returnTo, at, finished: true }));
    history.replaceState(history.state, "", returnTo);
    return journey;
  }

  /** @param {Record<string, string | null>} answer @param {Journey} journey */
  async #finish(answer, journey) {
    const metadata = await this.#discover();
    // RFC 9207 section 2.4: compare with the issuer that we asked; absent is only right where the server never sends it.
    const { issuer, clientId, redirectUri, resource } = this.#options;
    if (answer.iss !== issuer && (answer.iss || metadata.authorization_response_iss_parameter_supported)) {
      throw new SignInRejected("issuer_mismatch", "The answer comes from another issuer than the one that was asked");
    }
    if (answer.error) {
      if (journey.silent) this.#hint(false);
      if (journey.silent && NEEDS_PERSON.has(answer.error)) {
        if (journey.after) this.dispatchEvent(new CustomEvent("change", { detail: { reason: "signed-out", code: journey.after } }));
        return;
      }
      throw new SignInRefused(answer.error, answer.error_description ?? `The server answered ${answer.error}`, answer.denial_id);
    }
    // Sent once only: presenting a code again would revoke what it gave (RFC 6749 section 4.1.2).
    const reply = await this.#post(metadata.token_endpoint, { grant_type: "authorization_code", code: answer.code, redirect_uri: redirectUri,
      code_verifier: journey.verifier, client_id: clientId, resource }, []);
    this.#adopt(this.#read(reply, journey.nonce, null), "signed-in", true);
  }

  /** @param {any} reply @param {string | null} nonce @param {Tokens | null} before @returns {Tokens} */
  #read(reply, nonce, before) {
    if (typeof reply?.access_token !== "string" || String(reply.token_type).toLowerCase() !== "bearer") {
      throw new SignInRejected("bad_token_response", "The token endpoint's answer holds no bearer token");
    }
    const { issuer, clientId, scope } = this.#options;
    const user = reply.id_token ? claimsOf(reply.id_token) : (before?.user ?? null);
    if (reply.id_token) {
      // The signature is not checked, and need not be. OpenID Connect Core 3.1.3.7, item 6: received by direct
      // communication with the token endpoint, "the TLS server validation MAY be used to validate the issuer in place of
      // checking the token signature". Everything else of that section is checked; on refresh, section 12.2.
      const audiences = [user?.aud].flat();
      const checks = [
        [user?.iss === issuer, "iss is another issuer"],
        [audiences.includes(clientId), "aud is not this client"],
        [user?.azp === undefined ? audiences.length === 1 : user.azp === clientId, "azp is not this client"],
        [typeof user?.sub === "string" && user.sub === (before?.user?.sub ?? user.sub), "sub is another person"],
        [nonce === null || user?.nonce === nonce, "nonce is another sign-in's"],
        [Number(user?.exp) > Date.now() / 1000 - CLOCK_LEEWAY_S, "exp has passed (is this device's clock right?)"],
      ];
      const failed = checks.find(([passed]) => !passed);
      if (failed) throw new SignInRejected("bad_id_token", `The ID token is not for this sign-in: ${failed[1]}`);
    } else if (nonce !== null && scope.split(" ").includes("openid")) {
      throw new SignInRejected("bad_token_response", "The token endpoint's answer holds no ID token");
    }
    const lifetimeMs = 1000 * (Number(reply.expires_in) > 0 ? Number(reply.expires_in) : 300);
    return { family: before?.family ?? random(), since: before?.since ?? Date.now(), count: (before?.count ?? 0) + 1,
      access: reply.access_token, expiresAt: Date.now() + lifetimeMs, marginMs: Math.min(30_000, lifetimeMs / 5),
      refresh: reply.refresh_token ?? before?.refresh ?? null, idToken: reply.id_token ?? before?.idToken ?? null, scope: reply.scope ?? before?.scope ?? scope,
      lease: reply.lease ?? before?.lease ?? null, leaseMs: 1000 * (Number(reply.lease_expires_in) || 0) || (before?.leaseMs ?? 0), user };
  }

  /**
   * `fetch` with the ticket. The token goes to the resource's origins only; a request elsewhere, or one that brings its
   * own `Authorization`, passes unchanged. When signed out the request goes without a token.
   * @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    if (!this.#origins.has(new URL(request.url).origin) || request.headers.has("Authorization")) return fetch(request);
    const again = request.clone();
    const token = await this.accessToken();
    if (!token) return fetch(request);
    request.headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(request);
    if (response.status !== 401) return response;
    const code = (await response.clone().json().catch(() => null))?.code;
    if (typeof code !== "string" || STEP_UP.has(code)) return response;
    // Another request or tab may have renewed the ticket while this one was on its way; then nothing is wrong with it.
    if (this.#tokens?.access === token) {
      if (code === "token_expired") await this.refresh();
      else if (await this.#leaseIsOver()) await this.#leaseLost(this.#tokens?.lease ?? "");
      else { this.#end(code, false); return response; }
    }
    const renewed = this.#tokens?.access;
    if (!renewed || renewed === token) return response;
    again.headers.set("Authorization", `Bearer ${renewed}`);
    return fetch(again);
  }

  /**
   * The present access token, renewed if about to end, for what `fetch` cannot do (a WebSocket, say). Never store it.
   * @returns {Promise<string | null>}
   */
  async accessToken() {
    const tokens = this.#tokens;
    if (tokens && tokens.expiresAt - tokens.marginMs < Date.now()) {
      const alive = tokens.expiresAt > Date.now();
      if (tokens.refresh || !alive) await this.refresh().catch((error) => { if (!alive || !(error instanceof Unreachable)) throw error; });
    }
    return this.#tokens?.access ?? null;
  }

  /** Renew the ticket now: one request for all callers and all tabs. @returns {Promise<void>} @throws {AdmitError} */
  refresh() {
    return (this.#refreshing ??= this.#refreshAlone().finally(() => { this.#refreshing = null; }));
  }

  async #refreshAlone() {
    const before = this.#tokens;
    if (!before) return;
    if (!before.refresh) { this.#end("token_expired", true); return; }
    const name = `admit:refresh:${this.#key}`;
    const locks = navigator.locks;
    if (await locks?.request(name, { ifAvailable: true }, (lock) => lock && this.#exchange(before).then(() => true))) return;
    // Another tab is at it and tells its result over the channel. Without Web Locks some jitter keeps tabs apart, and
    // the server gives late ones the same successor (its reuse window), so nobody is logged out.
    const wait = () => this.#change(locks ? OTHER_TABS_MS : 400 * Math.random()).then(() => this.#exchange(before));
    await (locks ? locks.request(name, wait) : wait());
  }

  /** @param {Tokens} before */
  async #exchange(before) {
    if (this.#tokens !== before) return; // renewed by another tab, or signed out meanwhile
    const { clientId, resource } = this.#options;
    const { token_endpoint } = await this.#discover();
    const form = { grant_type: "refresh_token", refresh_token: before.refresh, client_id: clientId, resource };
    let reply;
    try {
      // A lost reply is asked for again with the same token: within its reuse window the server gives the same successor.
      reply = await this.#post(token_endpoint, form, RETRY_PAUSES_MS);
    } catch (error) {
      if (this.#tokens !== before) return; // signed out, or signed in anew, while this was on its way
      if (!(error instanceof SignInRefused && error.code === "invalid_grant")) throw error;
      this.#tell({ type: "ask" }); // a late tab: the others may hold the successor of our token's successor
      await this.#change(OTHER_TABS_MS);
      if (this.#tokens !== before) return;
      if (before.lease && (await this.#leaseIsOver())) await this.#leaseLost(before.lease);
      else this.#end("invalid_grant", true);
      return;
    }
    if (this.#tokens === before) this.#adopt(this.#read(reply, null, before), "refreshed", true); // signed out meanwhile: drop it
  }

  /**
   * Sign out here, in all tabs and at the server; goes to the server's sign-out address, which sends the browser back.
   * @returns {Promise<void>} @throws {Unreachable} signed out here, but the server could not be told
   */
  async signOut() {
    const tokens = this.#tokens;
    this.#end("signed_out", false); // first, so that no answer still on its way can sign anybody in again
    const { clientId, postLogoutRedirectUri } = this.#options;
    const metadata = await this.#discover();
    if (tokens?.lease && metadata.lease_endpoint) {
      await this.#lease({ lease: tokens.lease, action: "end" }).catch(() => {}); // of all tabs; the session's end below ends more
    } else if (tokens?.refresh && metadata.revocation_endpoint) {
      const form = { token: tokens.refresh, token_type_hint: "refresh_token", client_id: clientId };
      await this.#post(metadata.revocation_endpoint, form, []).catch(() => {}); // the session's end below ends it too
    }
    if (!metadata.end_session_endpoint) return;
    const state = random();
    sessionStorage.setItem(`admit:signed-out:${state}`, "1");
    await this.#go(metadata.end_session_endpoint, { id_token_hint: tokens?.idToken, client_id: clientId,
      post_logout_redirect_uri: postLogoutRedirectUri, state });
  }

  /** Say something about the lease. @param {Record<string, string>} form @throws {AdmitError} */
  async #lease(form) {
    const { lease_endpoint } = await this.#discover();
    if (!lease_endpoint) throw new SettingsError("bad_metadata", "The server gave a lease and names no lease_endpoint");
    return this.#post(lease_endpoint, form, []);
  }

  /** Whether the server says that our lease has ended; no, where it does not answer. */
  async #leaseIsOver() {
    const lease = this.#tokens?.lease;
    if (!lease) return false;
    return this.#lease({ lease, action: "renew" }).then(() => false, (error) => error instanceof SignInRefused && error.code === "lease_ended");
  }

  /**
   * The app was away too long (asleep, mostly), so its ticket has ended; the session at the server may live. Come back
   * silently: by what another tab got, or by leaving this page for a moment, once somebody looks at it.
   * @param {string} lease
   */
  async #leaseLost(lease) {
    const lost = () => this.#tokens?.lease === lease;
    this.#tell({ type: "ask" });
    if (lost()) await this.#change(OTHER_TABS_MS);
    while (lost() && document.hidden) {
      await Promise.race([this.#changed(), new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }))]);
    }
    if (!lost()) return;
    if (this.dispatchEvent(new CustomEvent("leaving", { cancelable: true, detail: { code: "lease_ended" } }))) {
      await this.#depart({ prompt: "none" }, location.href, true, "lease_ended");
    }
    this.#end("lease_ended", true);
  }

  /** @param {Tokens} tokens @param {string} reason @param {boolean} tell */
  #adopt(tokens, reason, tell) {
    const mine = this.#tokens;
    if (this.#ended.has(tokens.family)) return;
    if (mine && (tokens.since < mine.since || (tokens.since === mine.since && tokens.count <= mine.count))) return;
    this.#tokens = tokens;
    this.#hint(true);
    this.#keeper.keep(tokens.lease, tokens.leaseMs);
    // A page that signed in is a new one to the server, so the keeper says again who keeps.
    if (reason === "signed-in") this.#keeper.assure();
    if (tell) this.#tell({ type: "tokens", tokens, reason });
    this.dispatchEvent(new CustomEvent("change", { detail: { reason, code: null } }));
  }

  /** @param {string} code @param {boolean} mayReturn whether a reload may come back silently @param {boolean} [tell] */
  #end(code, mayReturn, tell = true) {
    const family = this.#tokens?.family;
    if (family) this.#ended.add(family);
    this.#tokens = null;
    this.#keeper.keep(null, 0);
    if (!mayReturn) this.#hint(false);
    if (tell) this.#tell({ type: "ended", family, code, mayReturn });
    if (family) this.dispatchEvent(new CustomEvent("change", { detail: { reason: "signed-out", code } }));
  }

  /** @param {any} message from another tab of this origin */
  #heard(message) {
    if (message?.type === "ask" && this.#tokens) this.#tell({ type: "tokens", tokens: this.#tokens, reason: "signed-in" });
    if (message?.type === "left") this.#keeper.assure();
    if (message?.type === "tokens") this.#adopt(message.tokens, message.reason, false);
    if (message?.type === "ended") {
      this.#ended.add(message.family);
      // A sign-out is of this browser; the end of one ticket says nothing about a newer sign-in.
      if (message.code === "signed_out" || message.family === this.#tokens?.family) this.#end(message.code, message.mayReturn, false);
    }
  }

  #tell(/** @type {object} */ message) { this.#channel?.postMessage(message); }

  /** Wait for a change, this long at most. @param {number} ms */
  #change(ms) {
    return Promise.race([pause(ms), this.#changed()]);
  }

  #changed() {
    return new Promise((done) => this.addEventListener("change", done, { once: true }));
  }

  /** Remember, without any secret, that this browser was signed in. @param {boolean} [value] */
  #hint(value) {
    try {
      if (value === undefined) return localStorage.getItem(`admit:hint:${this.#key}`) !== null;
      value ? localStorage.setItem(`admit:hint:${this.#key}`, "1") : localStorage.removeItem(`admit:hint:${this.#key}`);
    } catch { /* storage is forbidden here: then a reload asks for a sign-in */ }
    return false;
  }

  #discover() {
    const { issuer } = this.#options;
    const load = async () => {
      const metadata = await this.#request(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {}, RETRY_PAUSES_MS);
      // OpenID Connect Discovery 4.3: the issuer value "MUST be identical" to the one the address was made of.
      if (metadata?.issuer !== issuer) throw new SettingsError("bad_metadata", `The metadata is of issuer ${metadata?.issuer}, not ${issuer}`);
      for (const name of ["authorization_endpoint", "token_endpoint", "revocation_endpoint", "end_session_endpoint", "lease_endpoint"]) {
        if (metadata[name] || /^[at]/.test(name)) safeUrl(name, metadata[name], "bad_metadata"); // the other three may be absent
      }
      this.#leaseEndpoint = metadata.lease_endpoint ?? null;
      return metadata;
    };
    return (this.#metadata ??= load().catch((error) => { this.#metadata = null; throw error; }));
  }

  /** @param {string} url @param {Record<string, string | null>} form @param {number[]} pauses */
  #post(url, form, pauses) {
    const filled = Object.entries(form).filter((pair) => pair[1] !== null);
    return this.#request(url, { method: "POST", body: new URLSearchParams(/** @type {[string, string][]} */ (filled)), cache: "no-store" }, pauses);
  }

  /** @param {string} url @param {RequestInit} init @param {number[]} pauses before each further try @returns {Promise<any>} */
  async #request(url, init, pauses) {
    for (let tries = 0; ; tries += 1) {
      let cause;
      try {
        const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
        const response = await fetch(url, { ...init, credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", signal });
        const text = await response.text();
        if (response.ok) return parse(text || "null");
        const { error, code, error_description: said, denial_id } = parse(text) ?? {};
        if (response.status < 500 && response.status !== 429) {
          throw new SignInRefused(error ?? code ?? "server_error", said ?? `${new URL(url).pathname} answered ${response.status}`, denial_id);
        }
        cause = new Error(`status ${response.status}`);
      } catch (error) {
        if (error instanceof AdmitError) throw error;
        cause = error;
      }
      if (tries >= pauses.length) throw new Unreachable("unreachable", `${new URL(url).origin} does not answer`, { cause });
      await pause(pauses[tries]);
    }
  }
}
