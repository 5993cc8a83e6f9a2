// The page for whom nobody knows yet.
import { html, useEffect, useState } from "./vendor.js";
import { signIn, takeSession } from "./api.js";
import { cameBack, finish, leave, provider } from "./identity.js";
import { Field } from "./components/field.js";
import { Failed, Loading } from "./components/states.js";
import { useAct } from "./load.js";
import { go, route } from "./router.js";
import { isSignedIn, signedOutBecause } from "./session.js";

const START = "#/";
let wanted = null;

/** Where `make run` answers. Elsewhere a link could sign somebody in as whoever made it. */
const HERE = ["127.0.0.1", "localhost", "[::1]"];

/** The token of a sign-in link. It leaves the address, and so the history, at once. */
function linkedSession() {
  const { page, query } = route.peek();
  if (page !== "sign-in" || !query.session) return null;
  go("#/sign-in", { replace: true });
  return HERE.includes(location.hostname) ? query.session : null;
}

const linked = linkedSession();
let back = cameBack();

export function SignIn() {
  const [token, setToken] = useState("");
  const [link, setLink] = useState(linked);
  const [returned, setReturned] = useState(back);
  const [enter, entering, error] = useAct(async (run, given) => {
    await run(given);
    go(wanted ?? START, { replace: true });
  });
  const [goThere, leaving, notThere] = useAct(() => leave(wanted ?? START));
  useEffect(() => {
    document.title = "Sign in · Delivery reports";
    const isHere = route.peek().page === "sign-in";
    if (!isHere) wanted = location.hash || START;
    if (returned) wanted = returned.begun?.wanted ?? START;
    back = null;
    if (link) enter(takeSession, link).finally(() => setLink(null));
    else if (returned) enter(finish, returned).finally(() => setReturned(null));
    else if (isSignedIn.peek() && isHere) go(wanted ?? START, { replace: true });
  }, []);
  const submit = (event) => {
    event.preventDefault();
    enter(signIn, token.trim());
  };
  return html`<main class="sign-in">
    <h1>Delivery reports</h1>
    ${link || returned
      ? html`<${Loading} what="Signing in" />`
      : html`<form class="panel stack" onSubmit=${submit}>
          ${signedOutBecause.value && html`<p role="status">${signedOutBecause.value}</p>`}
          ${provider && html`<button type="button" class="primary" disabled=${leaving} onClick=${goThere}>${leaving ? "Leaving …" : `Sign in with ${provider}`}</button>
            ${notThere && html`<${Failed} error=${notThere} />`}
            <p class="muted small">Or with a token:</p>`}
          <${Field} label="Token" hint="It is exchanged for a session of eight hours, which this tab keeps until you close it.">
            <input type="password" name="token" autocomplete="off" required spellcheck="false"
              value=${token} onInput=${(event) => setToken(event.target.value)} />
          <//>
          <button class=${provider ? "" : "primary"} disabled=${entering}>${entering ? "Signing in …" : "Sign in"}</button>
          ${error && html`<${Failed} error=${refusal(error)} />`}
        </form>
        <p class="muted small">On your own machine, <code>make run</code> prints a link that signs you in.</p>`}
  </main>`;
}

function refusal(error) {
  if (error.status === 401 || (error.status === 403 && !error.type)) {
    error.title = "Not known";
    error.message = "Nobody knows this token: it is mistyped, revoked or has expired.";
  }
  return error;
}
