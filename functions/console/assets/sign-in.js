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

const isLink = ({ page, query }) => page === "sign-in" && Boolean(query.session);

/** The token of a sign-in link. It leaves the address, and so the history, at once. */
function linkedSession() {
  const at = route.peek();
  if (!isLink(at)) return null;
  go("#/sign-in", { replace: true });
  return HERE.includes(location.hostname) ? at.query.session : null;
}

const [linked, back] = [linkedSession(), cameBack()];
/** How the browser came: tried once, or who signs out would be signed in again. */
let arrival = null;
if (linked) arrival = { run: takeSession, given: linked };
else if (back) arrival = { run: finish, given: back, wanted: back.begun?.wanted ?? START };

export default function SignIn() {
  const [token, setToken] = useState("");
  const [arriving, setArriving] = useState(arrival);
  const [enter, entering, error] = useAct(async (run, given) => {
    await run(given);
    go(wanted ?? START, { replace: true });
  });
  const [goThere, leaving, notThere] = useAct(() => leave(wanted ?? START));
  useEffect(() => {
    const isHere = route.peek().page === "sign-in";
    if (!isHere) wanted = location.hash || START;
    wanted = arriving?.wanted ?? wanted;
    arrival = null;
    if (arriving) enter(arriving.run, arriving.given).finally(() => setArriving(null));
    else if (isSignedIn.peek() && isHere && !isLink(route.peek())) go(wanted ?? START, { replace: true });
  }, []);
  // Opened in a tab that shows the console already, a link is taken as it would be in a new one.
  useEffect(() => void (isLink(route.value) && location.reload()), [route.value]);
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
