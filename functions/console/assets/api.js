// Who is signed in, and the calls of the team's API that they make.
import { computed, signal } from "./vendor.js";

/** The session's token: this tab alone keeps it. */
const KEY = "dlr.session";

function stored() {
  try {
    const session = JSON.parse(sessionStorage.getItem(KEY));
    return session && new Date(session.expires_at ?? "9999-01-01") > new Date() ? session : null;
  } catch {
    return null;
  }
}

/** `{token, id, name, scopes, expires_at}`, or null. */
export const session = signal(stored());
/** Why there is none, to be told on the sign-in page. */
export const signedOutBecause = signal("");

export const isSignedIn = computed(() => session.value !== null);

function keep(opened) {
  sessionStorage.setItem(KEY, JSON.stringify(opened));
  signedOutBecause.value = "";
  session.value = opened;
}

function forget(because = "") {
  sessionStorage.removeItem(KEY);
  signedOutBecause.value = because;
  session.value = null;
}

/** What is kept for who is signed in: `make` makes it anew when somebody else is. Answers a function that answers it. */
export function perSession(make) {
  let [of, kept] = [undefined, undefined];
  return () => {
    if (of !== session.peek()) [of, kept] = [session.peek(), make()];
    return kept;
  };
}

/** Whether the caller may do what asks for this scope. `admin` may all. */
export function has(scope) {
  const scopes = session.value?.scopes ?? [];
  return !scope || scopes.includes("admin") || scopes.includes(scope);
}

/** The console lies one folder below the API. */
const ROOT = new URL("../", location.origin + location.pathname);

/** What the API answered that is no success: `message` is for a person, `requestId` for the log. */
class ApiError extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.message || SAYS[status] || `The answer was ${status || "nothing"}.`);
    this.status = status;
    this.title = problem.title || TITLES[status] || "That did not work";
    this.type = problem.type || "";
    this.requestId = problem.request_id || "";
  }
}

const TITLES = { 0: "No connection", 401: "Signed out", 403: "Refused", 404: "Not found", 429: "Too many requests" };
const ENDED = "The session has ended. Sign in again.";
const SAYS = {
  0: "The server does not answer. Look at your connection, then try again.",
  429: "Too many requests at once. Wait a few seconds.",
  502: "The function failed. Its log has the reason.",
  503: "Not available now. Try again.",
};

/** Answers with an ETag, the newest last: what has not changed is not sent, nor worked out, again. */
const keptAnswers = perSession(() => new Map());
const MOST_KEPT = 40;

function keepAnswer(kept, name, tag, answer) {
  kept.delete(name);
  if (tag) kept.set(name, { tag, answer });
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
}

const unanswered = (error) => {
  throw error.name === "AbortError" ? error : new ApiError(0);
};

/** Null where it is none. */
function inJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Calls a route: `await api("/stats", {query: {by: "day"}})`. Answers the JSON, or null without one.
 * `body` is sent as JSON, a text as it is. Raises ApiError.
 */
export async function api(path, { method = "GET", query, body, note, key, token, signal } = {}) {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  const own = session.value?.token;
  const headers = { authorization: `Bearer ${token ?? own ?? ""}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (note) headers["x-operator"] = note;
  if (key) headers["idempotency-key"] = key;
  const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const [kept, name] = [keptAnswers(), url.href];
  const known = method === "GET" ? kept.get(name) : undefined;
  if (known) headers["if-none-match"] = known.tag;
  const response = await fetch(url, { method, headers, body: sent, signal, cache: "no-store" }).catch(unanswered);
  if (known && response.status === 304) return known.answer;
  const answer = inJson(await response.text().catch(unanswered)); // it can break off in the middle, too
  if (response.ok) {
    if (method === "GET") keepAnswer(kept, name, response.headers.get("etag"), answer);
    return answer;
  }
  const error = new ApiError(response.status, answer ?? {});
  const isOwn = !token && own && own === session.peek()?.token; // not a late answer to who has left
  if (isOwn && isUnknown(error)) {
    Object.assign(error, { title: TITLES[401], message: ENDED }); // of work that is found again, too
    forget(ENDED);
  }
  throw error;
}

/** All pages of a list, at most `most` items. */
export async function all(path, { query, most = 2000, ...rest } = {}) {
  const found = [];
  let cursor;
  do {
    const page = await api(path, { ...rest, query: { ...query, cursor } });
    found.push(...page.items);
    cursor = page.next;
  } while (cursor && found.length < most);
  return found;
}

/** API Gateway refuses a token it does not know, without saying what kind of problem that is. */
export function isUnknown(error) {
  return error.status === 401 || (error.status === 403 && !error.type);
}

/** Makes a session out of a token, or takes a token that is a session already. Raises ApiError. */
export async function signIn(token) {
  try {
    await openSession(token);
  } catch (error) {
    if (error.status !== 403 || !error.type) throw error;
    await takeSession(token);
  }
}

/** Makes a session out of a token. Raises ApiError. */
export async function openSession(token) {
  keep(await api("/sessions", { method: "POST", token }));
}

/** Signs in with a token that is a session. Raises ApiError. */
export async function takeSession(token) {
  keep({ ...(await api("/sessions/current", { token })), token });
}

const STILL_OPEN = "You are signed out here, but the server could not be told. Until the session expires, who has scope admin can revoke it on page Access.";
const ELSEWHERE = " Your identity provider may still know this browser: where others use it too, sign out there.";

/**
 * Ends the session here and at the server; it is over here whatever the server says. What the
 * identity provider knows of the browser stays.
 */
export async function signOut() {
  const { token, name } = session.value ?? {};
  forget(`You are signed out.${name?.startsWith("oidc:") ? ELSEWHERE : ""}`);
  if (!token) return;
  await api("/sessions/current", { method: "DELETE", token }).catch((error) => {
    if ((error.status === 0 || error.status >= 429) && !session.peek()) forget(STILL_OPEN);
  });
}
