// The page for whom nobody knows yet.
import { html, useEffect, useState } from "./vendor.js";
import { isSignedIn, isUnknown, session, signIn, signedOutBecause, takeSession } from "./api.js";
import { Field } from "./components/field.js";
import { cameBack, finish, leave, provider } from "./identity.js";
import { Failed, Loading, useAct } from "./load.js";
import { go, route } from "./router.js";

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

/** How the browser came, or null. It is in the address once: who signs out is not signed in again. */
function inAddress() {
  const linked = linkedSession();
  if (linked) return { run: takeSession, given: linked };
  const back = cameBack();
  return back && { run: finish, given: back, wanted: back.begun?.wanted ?? START };
}

let arrival = inAddress();

export default function SignIn() {
  const [token, setToken] = useState("");
  const [arriving, setArriving] = useState(arrival);
  const [enter, entering, error] = useAct(async (run, given) => {
    await run(given);
    go(wanted ?? START, { replace: true });
  });
  const [goThere, leaving, notThere] = useAct(() => leave(wanted ?? START));
  useEffect(() => {
    document.title = "Sign in · Delivery reports";
    if (route.peek().page !== "sign-in") wanted = location.hash || START;
    const came = arrival ?? inAddress(); // a link can be opened here, too
    arrival = null;
    if (came) {
      setArriving(came);
      wanted = came.wanted ?? wanted;
      enter(came.run, came.given).finally(() => setArriving(null));
    } else if (isSignedIn.peek() && !arriving && route.peek().page === "sign-in") go(wanted ?? START, { replace: true });
  }, [route.value]);
  const submit = (event) => {
    event.preventDefault();
    enter(signIn, token.trim());
  };
  return html`<main class="sign-in">
    <h1>Delivery reports</h1>
    ${arriving
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
        ${session.value && html`<p>You are signed in as ${session.value.name}. <a href=${START}>Go on</a></p>`}
        <p class="muted small">On your own machine, <code>make run</code> prints a link that signs you in.</p>`}
  </main>`;
}

function refusal(error) {
  if (isUnknown(error)) {
    error.title = "Not known";
    error.message = "Nobody knows this token: it is mistyped, revoked or has expired.";
  }
  return error;
}
