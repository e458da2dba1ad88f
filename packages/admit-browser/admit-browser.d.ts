// SPDX-License-Identifier: Apache-2.0

/** What the page must know about itself and its server. */
export interface AdmitOptions {
  /** The server's issuer identifier, exactly as in its metadata. https, or http on loopback. */
  issuer: string;
  /** The id under which this page is registered (a public client). */
  clientId: string;
  /** The registered address that the server sends the browser back to; the page there calls `start()`. */
  redirectUri: string;
  /** Space-separated scopes. Default `"openid"`. */
  scope?: string;
  /** The API that the ticket is for: its audience, sent as `resource` (RFC 8707). */
  resource: string;
  /** Where the token may be sent. Default: the origin of `resource`. */
  origins?: string[];
  /** Where the server sends the browser after sign-out. Default: `redirectUri`. */
  postLogoutRedirectUri?: string;
}

export interface SignInOptions {
  /** Address of this origin to show after sign-in (by `history.replaceState`). Default: the present one. */
  returnTo?: string;
  /** OpenID Connect `prompt`, such as `"login"` to ask for the password again. */
  prompt?: string;
  /** User name to fill in. */
  loginHint?: string;
  /** The person has to have signed in within so many seconds, or signs in anew (RFC 9470). */
  maxAge?: number;
  /** Classes of sign-in, best first, with spaces between them (RFC 9470). */
  acrValues?: string;
}

/** What a resource asks of a sign-in: pass it to `signIn`. */
export type StepUp = Pick<SignInOptions, "maxAge" | "acrValues">;

/** What the challenge of a refused request asks for (RFC 9470); null when it asks for no other sign-in. */
export declare function stepUpOf(response: Response): StepUp | null;

/** Claims of the ID token. For display only. */
export interface User {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
  azp?: string;
  nonce?: string;
  name?: string;
  preferred_username?: string;
  [claim: string]: unknown;
}

export interface ChangeDetail {
  reason: "signed-in" | "refreshed" | "signed-out";
  /** Why signed out: `signed_out`, `token_expired`, `invalid_grant`, `lease_ended`, or the API's code such as `token_revoked`. */
  code: string | null;
}

export interface LeavingDetail {
  /** Why the ticket has ended: `lease_ended`. */
  code: string;
}

export interface AdmitEventMap {
  change: CustomEvent<ChangeDetail>;
  /**
   * The ticket ended while the page was away, and the page is about to leave for a moment to come back silently.
   * `preventDefault()` keeps it here, signed out: for a page that holds what somebody was writing.
   */
  leaving: CustomEvent<LeavingDetail>;
}

/** The signed-in state of this browser for one client and one resource. Fires `change` whenever that state changes. */
export class Admit extends EventTarget {
  constructor(options: AdmitOptions);
  /** Claims of the ID token, or null when signed out. For display: what counts is what the API verifies. */
  get user(): User | null;
  /** Whether this browser holds a ticket. */
  get signedIn(): boolean;
  /** When the present access token ends by itself. */
  get expiresAt(): Date | null;
  /** The scopes that were really granted. */
  get scopes(): string[];
  /**
   * Find out who is signed in; call once, before anything else. Finishes a sign-in when the page is its callback,
   * otherwise asks the other tabs, otherwise comes back silently if this browser was signed in.
   * @throws {AdmitError}
   */
  start(): Promise<User | null>;
  /** Leave for the sign-in page. The promise never settles: the page goes away. */
  signIn(options?: SignInOptions): Promise<void>;
  /** Sign out here, in all tabs and at the server. @throws {Unreachable} signed out here, but the server could not be told */
  signOut(): Promise<void>;
  /**
   * `fetch` with the ticket. The token goes to the resource's origins only; a request elsewhere, or one that brings its
   * own `Authorization`, passes unchanged. When signed out the request goes without a token.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The present access token, renewed if about to end, for what `fetch` cannot do. Never store it. */
  accessToken(): Promise<string | null>;
  /** Renew the ticket now: one request for all callers and all tabs. @throws {AdmitError} */
  refresh(): Promise<void>;
  addEventListener<K extends keyof AdmitEventMap>(
    type: K, listener: (this: Admit, event: AdmitEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof AdmitEventMap>(
    type: K, listener: (this: Admit, event: AdmitEventMap[K]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/** Any failure of this module; `code` is stable and fit for a `switch`, the message is for developers. */
export class AdmitError extends Error {
  constructor(code: string, message: string, options?: ErrorOptions);
  readonly code: string;
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
  /** The number of the refusal, for the administrator: `admit explain` takes it. */
  readonly denialId?: string;
}
/** An answer failed our own checks: `state_unknown`, `issuer_mismatch`, `bad_token_response`, `bad_id_token`. */
export class SignInRejected extends AdmitError {}
