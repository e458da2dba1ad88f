// SPDX-License-Identifier: Apache-2.0
// The panel "Your ticket": what the access token says, in plain words, and how long it still lives.

const at = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
let ticking = null;

/** What a JWT says about itself; an opaque token says nothing. For display: only the API's check counts. */
function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

function fact(term, ...values) {
  const row = document.createElement("div");
  const dt = document.createElement("dt");
  dt.textContent = term;
  row.append(dt);
  for (const [text, isCode] of values) {
    const dd = document.createElement("dd");
    const inner = isCode ? document.createElement("code") : dd;
    inner.textContent = text;
    if (isCode) dd.append(inner);
    row.append(dd);
  }
  return row;
}

function tick(admit) {
  const seconds = Math.max(0, Math.ceil(((admit.expiresAt ?? 0) - Date.now()) / 1000));
  at("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  at("clock-text").textContent = seconds > 0 ? "left" : "ended; your next click renews it";
}

/** Fill the panel for the present ticket, or empty it when there is none. */
export async function showTicket(admit, settings) {
  clearInterval(ticking);
  const token = admit.signedIn ? await admit.accessToken() : null;
  if (!token) {
    for (const id of ["claims", "curl", "token"]) at(id).replaceChildren();
    return;
  }
  const claims = claimsOf(token);
  const name = admit.user?.name ?? admit.user?.preferred_username ?? "";
  const may = admit.scopes.filter((scope) => settings.scopeTexts[scope]).map((scope) => [settings.scopeTexts[scope], false]);
  at("claims").replaceChildren(
    fact("For whom", ...(name ? [[name, false]] : []), [claims.sub ?? admit.user?.sub ?? "somebody", true]),
    fact("For what", [[claims.aud ?? settings.resource].flat().join(", "), true]),
    fact("It lets you", ...may),
    fact("Given by", [claims.iss ?? settings.issuer, true]),
    ...(claims.iat ? [fact("Given at", [time.format(claims.iat * 1000), false])] : []),
    fact("Good until", [time.format(admit.expiresAt), false], ["or until you sign out", false]),
    ...(claims.jti ? [fact("Number", [claims.jti, true])] : []),
  );
  at("token").textContent = token;
  at("curl").textContent = `curl -i -H "Authorization: Bearer ${token}" ${settings.resource}/notes`;
  tick(admit);
  ticking = setInterval(tick, 1000, admit);
}
