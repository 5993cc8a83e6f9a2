// Who is signed in: a session token that this tab alone keeps.
import { computed, signal } from "./vendor.js";

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

export function keep(opened) {
  sessionStorage.setItem(KEY, JSON.stringify(opened));
  signedOutBecause.value = "";
  session.value = opened;
}

export function forget(because = "") {
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
