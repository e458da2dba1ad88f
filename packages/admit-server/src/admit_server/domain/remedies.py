"""What mends a refusal, in plain words for the administrator: one text for each code, the server's and the library's."""

REMEDIES: dict[str, str] = {
    "authorization_pending": "The proof comes from elsewhere, and is not there yet: the person confirms it there, then goes on.",
    "access_denied": "The person was not let in, or said no. Was it a sign-in: they try again, or `admit user set-password` "
    "gives them another one, or `admit user enable` lets them in again.",
    "action_not_allowed": "The token is limited to other actions. Let the app ask for a token with the actions that it needs, or "
    "widen --action of the policy that `admit policy effective` names.",
    "algorithm_not_allowed": "Somebody made this token by other means than this server. If it was not you: nothing to mend, it was "
    "an attack. If it was: let the verifier allow the algorithm of the keys.",
    "already_exists": "Something of that name is there already: take another name, or change what is there.",
    "ambiguous_request": "The address is written so that two programs could read it differently; a browser does not write it so. If an "
    "application of yours needs such paths, it can't stand behind /check; docs/reference/check.md says which.",
    "assertion_mismatch": "The assertion came with another request than the one the proxy asked about. Does the proxy change "
    "the path or the Host on the way to the application? docs/reference/check.md says what is compared.",
    "bad_signature": "The token was changed on its way, or signed with somebody else's key. Let the app take a new token; if many "
    "come, look for a proxy that alters headers.",
    "binding_not_enforceable": "The API's verifier is not told how tokens are shown: let it pass the request along, or use an integration "
    "that does; docs/howto/bind-tokens-to-a-key.md has both.",
    "body_too_large": "The request was larger than the endpoint takes; docs/reference/http.md has the limits.",
    "certificate_mismatch": "The token is bound to another client certificate, or none came: does the app present its own, and does the "
    "proxy pass it on?",
    "consent_required": "The app asked with prompt=none for what the person has not agreed to. Let it ask without, or mark the "
    "client as --first-party.",
    "decryption_failed": "The API can't open this encrypted token. Does the issuer encrypt to the key that the API has now, with the "
    "algorithm of that key? If it does, and many come: somebody tries texts out.",
    "encryption_required": "The API takes encrypted tokens only, and this one came readable. Let the issuer encrypt what it makes for "
    "this API; while it changes over, the verifier may say require_encryption=False.",
    "exceeds_powers": "Somebody tried to give, or to change, more than they may do themselves. Let somebody with the role admin do it.",
    "hour_not_allowed": "The token's policy allows other hours. Try again then, or change --hours of the policy.",
    "idempotency_key_reused": "The program sent one Idempotency-Key with two requests. Let it draw a new key for each thing that it makes.",
    "identity_mismatch": "The ID token of a refresh is about somebody else than the one before it. The app must not go on with it: let it "
    "sign the person in again, and look at how it keeps refresh tokens apart.",
    "idle_timeout": "The token was not used for too long. Let the app take a new one, or raise --idle-timeout of the policy.",
    "if_match_required": "The program changes something without saying what it read. Let it send the ETag of that as If-Match.",
    "in_use": "Something else still needs it; the check above says what. Take it from there first.",
    "insufficient_authorization": "Nothing is wrong: the app goes on with the next step of the sign-in.",
    "insufficient_scope": "Let the app ask for the scope that was expected; `admit client show` and `admit resource show` tell "
    "whether it may have it.",
    "introspection_not_configured": "The API got an opaque token and has no credentials to ask about it: give its verifier "
    "client_id and client_secret, or let the resource have JWTs (--format jwt).",
    "invalid_authorization_details": "The app asks for a transaction that its type does not allow: `admit resource show` lists the types "
    "and what their sentences need. Its makers have to mend it.",
    "invalid_client": "Check id and secret of the client: `admit client show ID`; a lost secret can't be shown again, "
    "so add the client anew. A public client sends no secret.",
    "invalid_dpop_proof": "The app has to make a new proof for each request, by the key that its token is bound to: the check above says "
    "which rule was broken. If it is the address: is the public one configured (issuer; public_url of the API)?",
    "invalid_grant": "The code or refresh token was used, is over, or is another client's. The app signs the person in again. If "
    "it was used twice, ask which copy of it was stolen or which tab kept an old one.",
    "invalid_position": "The follower of the revocation feed sent a position that is none; it starts over by itself.",
    "invalid_request": "The app sends something that breaks the protocol: the check above says what. Its makers have to mend it; "
    "a redirect URI has to be one that the client was added with (`admit client show`).",
    "invalid_scope": "Let the app ask for less, or give the client or the resource the scope that is missing.",
    "invalid_session": "The step of the sign-in came too late or from another client. The app begins the sign-in anew.",
    "invalid_target": "The client is not for that resource: add it with --audience, or correct the name that is asked for.",
    "invalid_token": "The access token is over, was revoked, or is none of ours. The app refreshes it or signs the person in again.",
    "invalid_value": "The program sends a value that does not fit, or a member that there is not: the check above names it.",
    "lease_ended": "The app stopped renewing its lease: it was closed, crashed or slept. The person signs in again.",
    "limit_exceeded": "A limit of the token forbids this; the check above says which. `admit policy effective` names its rule.",
    "limits_not_enforceable": "The API's verifier can't enforce a limit of the token: update the library, give it credentials, and "
    "let it pass the request along.",
    "link_ended": "The link was used, is too old, or does not work yet: the check above says which. The person asks anew at /forgot, or "
    "`admit user invite` or `admit user recover` makes one.",
    "login_required": "Nobody was signed in, and the app asked with prompt=none. Nothing is wrong: it shows its sign-in button.",
    "malformed_request": "The program sends something that can't be read: the check above says what. See the reference of the API.",
    "malformed_token": "What came is no whole token: cut off, typed by hand, of another kind or from elsewhere. Let the app take a "
    "new one; look whether something between cuts long headers.",
    "method_not_allowed": "The address was called in another way than it answers; docs/reference/http.md has the methods.",
    "missing_token": "The request brought no token. Nothing is wrong if the app then signs the person in; otherwise look whether it, "
    "or a proxy, loses the Authorization header.",
    "network_not_allowed": "The request came from a network that the token's policy does not name. Behind a proxy: are its "
    "addresses trusted (trusted_proxies)?",
    "no_rule": "No rule is for this host, path and method: `admit rule test` shows what decides, `admit rule add` adds one.",
    "nonce_mismatch": "The app got an ID token that answers another sign-in than the one its browser began. Does it keep the nonce in the "
    "session of that browser, and use each once? If it does: somebody tried to put their own sign-in into another browser.",
    "not_allowed": "A rule forbids the value; the check above says which.",
    "not_found": "Nothing is at that address; docs/reference/http.md has those that are.",
    "not_ready": "The database or the keys can't be used: `admit doctor` says why.",
    "proxy_not_trusted": "Somebody asked /check who is no proxy of yours. If it is one, add its address to server.trusted_proxies.",
    "registration_not_supported": "The app tries to register itself in its request. Add it with `admit client add`.",
    "request_not_supported": "The app sends a signed request object, which this server does not understand. Let it send plain "
    "parameters.",
    "request_uri_not_supported": "The app sends a request by reference, which this server does not fetch. Let it send plain "
    "parameters.",
    "server_error": "A fault of this server: its log has the rest. Please report it.",
    "session_ended": "The person signed out, or was signed out. They sign in again.",
    "stale": "Somebody else changed it in between. The program reads it again and then changes it.",
    "step_up_required": "The sign-in behind the token is too old or too weak for this. The app sends the person to sign in again.",
    "temporarily_unavailable": "The server was too busy to check a password. If it stays so: more threads in [sign_in].",
    "token_bound": "The token is bound to a key and came without a proof. If it was the app: send it as `Authorization: DPoP`, with the "
    "header DPoP. If it was not: the token was stolen, and the theft did not help.",
    "token_expired": "The token's time is over: the app takes a new one. If it is over at once, compare the clocks of both machines.",
    "token_hash_mismatch": "The access token or code did not come with this ID token. Let the app check the two that stand in one answer.",
    "token_inactive": "The server does not call this token good; the refusal that it kept itself under the same id says why.",
    "token_not_bound": "The app sent a token that is bound to no key as `Authorization: DPoP`. It sends it as Bearer, or a proof "
    "when it asks for the token.",
    "token_not_yet_valid": "The token begins in the future: the clock of the API is behind that of the server. Let both follow NTP.",
    "token_rejected": "The token was refused for the reason that the check above gives.",
    "token_revoked": "The token, its grant or its sign-in was ended on purpose; the audit log says by whom. The person signs in again.",
    "token_unknown": "This server never issued it, or it is long over and forgotten. Was it issued by another server, or before a "
    "restore of the database?",
    "too_many_sessions": "The person is signed in in as many places as --max-sessions of a policy allows, and it denies new ones: they "
    "sign out somewhere, or `admit session end --user NAME` ends all.",
    "too_many_streams": "So many followers of the feed come from one network: raise feed.streams_per_network, or let some poll.",
    "too_many_tries": "Too many failed sign-ins came before. Wait; if it was not the person, somebody guesses: look at the network.",
    "transaction_mismatch": "The ticket is for one transaction, and another one was tried: another body, or other values than the "
    "person approved. Either the app changed it after it was approved, or somebody tried to.",
    "unauthorized_client": "The client was not added for this: `admit client show` lists its grant types and whether it is "
    "--first-party.",
    "unknown_key": "The token names a key that the server does not publish: it is from another server, or from before a restore.",
    "insufficient_user_authentication": "The sign-in behind the token is older than its policy allows. The app sends the person "
    "to sign in again.",
    "unmet_authentication_requirements": "A stronger sign-in was asked for than this server has, by the app (acr_values) or by "
    "--acr of a policy that `admit policy effective` names.",
    "unsupported_grant_type": "The app asks for a grant type that this server does not have.",
    "unsupported_media_type": "The program has to send its body as application/json.",
    "unsupported_response_type": "The app asks for tokens in the redirect. Let it use response_type=code with PKCE.",
    "uri_too_long": "The address was longer than 16,384 bytes. Let the app send its parameters in a POST.",
    "use_dpop_nonce": "Nothing is wrong: the app makes its proof anew with the nonce of the header DPoP-Nonce. If it goes on, it does not.",
    "uses_exhausted": "The token was used as often as it may be. The app takes a new one, or the policy gets a higher --max-uses.",
    "wrong_audience": "The token is for another resource: let the app ask for this one (resource=...), or give the API's verifier "
    "the audience under which it was added.",
    "wrong_issuer": "The token is from another issuer: give the API's verifier exactly the issuer that the server calls itself.",
    "wrong_type": "Another kind of token came, such as an ID token. Let the app send its access token.",
}  # fmt: skip

_OTHERWISE = "The check that failed says what was expected; its code stands in docs/reference/error-codes.md."


def remedy(code: str) -> str:
    """What mends a refusal of this code."""
    return REMEDIES.get(code, _OTHERWISE)
