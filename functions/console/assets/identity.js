// Sign-in with the identity provider of the stack: authorization code with PKCE.
import { api, isUnknown, openSession } from "./api.js";
import { answerInAddress, go } from "./router.js";

const KEY = "dlr.sign-in";
const REDIRECT = new URL("./", location.origin + location.pathname).href;
const REFUSALS = {
  access_denied: "The sign-in was refused: by you, or by the rules there.",
  consent_required: "Somebody must agree there first that this console may know who you are.",
  invalid_scope: "The parameter OidcSignInScopes has a word that is not known there.",
  login_required: "You are not signed in there.",
  server_error: "It failed there. Try again.",
  temporarily_unavailable: "It is not available now. Try again.",
  unauthorized_client: "This console is not registered there as a public client with a code.",
};

/** The provider's name, or "" where the stack has none. */
export const provider = document.querySelector('meta[name="identity-provider"]')?.content ?? "";

/** Leaves for the provider; `wanted` is where to go afterwards. Raises ApiError. */
export async function leave(wanted) {
  const { authorization_endpoint, client_id, scope } = await api("/console/sign-in");
  const begun = { state: random(), nonce: random(), verifier: random(), wanted };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier));
  const url = new URL(authorization_endpoint);
  const asked = {
    response_type: "code",
    client_id,
    redirect_uri: REDIRECT,
    scope,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: text64(new Uint8Array(digest)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  sessionStorage.setItem(KEY, JSON.stringify(begun));
  location.assign(url);
}

/**
 * With what the provider sent the browser back, or null. It leaves the address, and so the history,
 * and what this tab kept for it is erased.
 */
export function cameBack() {
  const answer = answerInAddress();
  if (!answer) return null;
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  sessionStorage.removeItem(KEY);
  go(`${location.pathname}#/sign-in`, { replace: true });
  return { answer, begun };
}

/** Signs in with it. Raises an error for a person. */
export async function finish({ answer, begun }) {
  if (!begun || answer.state !== begun.state) {
    throw refusal("This tab did not ask", "Another tab, an old link or a foreign page began this sign-in. Begin it here.");
  }
  if (!answer.code) throw refusal(`${provider} did not sign you in`, reason(answer));
  const body = { code: answer.code, code_verifier: begun.verifier, redirect_uri: REDIRECT };
  const { id_token } = await api("/console/sign-in", { method: "POST", body });
  if (nonceIn(id_token) !== begun.nonce) {
    throw refusal("Not this sign-in", `${provider} answered another sign-in than this one. Begin it again.`);
  }
  await openSession(id_token).catch((error) => {
    throw explained(error);
  });
}

function reason({ error, error_description }) {
  const known = REFUSALS[error] ?? `It says ${String(error).slice(0, 60)}.`;
  return error_description ? `${known} (${error_description.slice(0, 300)})` : known;
}

/** What API Gateway answers for the authorizer has no words. */
function explained(error) {
  if (isUnknown(error)) {
    return refusal("Not known here", `The API does not take what ${provider} says of you: OidcIssuer or OidcClientId is another's, or a clock is wrong.`);
  }
  if (error.status === 500) return refusal("Not now", `The API could not read the keys of ${provider}. Begin the sign-in again.`);
  return error;
}

function refusal(title, message) {
  return Object.assign(new Error(message), { title });
}

function nonceIn(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).nonce;
  } catch {
    return undefined;
  }
}

function random() {
  return text64(crypto.getRandomValues(new Uint8Array(32)));
}

/** base64url, without padding. */
function text64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
