// Starts the console: the sign-in page, or the frame with the page that the address names.
import { html, render, useEffect, useErrorBoundary, useState } from "./vendor.js";
import { api, has, isSignedIn } from "./api.js";
import { Frame, Heading } from "./components/frame.js";
import { Failed, Loading, NoScope, Toasts } from "./load.js";
import { answerInAddress, go, href, route } from "./router.js";

/** In the order of the navigation. A page is offered to whom has its scope. */
const PAGES = [
  { path: "overview", title: "Overview", scope: "read", load: () => import("./pages/overview.js") },
  { path: "compare", title: "Compare", scope: "read", load: () => import("./pages/compare.js") },
  { path: "messages", title: "Messages", scope: "read", load: () => import("./pages/messages.js") },
  { path: "suppressions", title: "Suppressions", load: () => import("./pages/suppressions.js") },
  { path: "quarantine", title: "Quarantine", scope: "pii", load: () => import("./pages/quarantine.js") },
  { path: "providers", title: "Providers", scope: "read", load: () => import("./pages/providers.js") },
  { path: "codes", title: "Codes", scope: "read", load: () => import("./pages/codes.js") },
  { path: "exports", title: "Exports", scope: "read", load: () => import("./pages/exports.js") },
  { path: "people", title: "People", scope: "pii", load: () => import("./pages/people.js") },
  { path: "access", title: "Access", scope: "admin", load: () => import("./pages/access.js") },
];
const SIGN_IN = { path: "sign-in", title: "Sign in", load: () => import("./sign-in.js") };

const modules = new Map();
const UNLOADED = { title: "This page could not be loaded", message: "Look at your connection, then try again." };

function Page({ page }) {
  const [state, set] = useState({});
  useEffect(() => {
    document.title = `${page.title} · Delivery reports`;
    if (modules.has(page.path)) return;
    page.load().then(
      (module) => set({ loaded: modules.set(page.path, module.default) }),
      (error) => {
        console.error(error);
        set({ failed: page.path });
      },
    );
  }, [page.path]);
  const Content = modules.get(page.path);
  if (!has(page.scope)) return html`<${Heading} title=${page.title} /><${NoScope} scope=${page.scope} />`;
  if (Content) return html`<${Whole} key=${page.path}><${Content} /><//>`;
  return state.failed === page.path ? html`<${Failed} error=${UNLOADED} retry=${() => location.reload()} />` : html`<${Loading} />`;
}

/** A page that breaks says so, and the navigation stays; another address is another try. */
function Whole({ children }) {
  const [error, again] = useErrorBoundary((broken) => console.error(broken));
  useEffect(() => void (error && again()), [route.value]);
  if (!error) return children;
  return html`<${Failed} error=${{ title: "This page cannot be shown", message: "Something in its address or its data was not understood." }} retry=${again} />`;
}

/** Leads to the first page, or to the providers while none was ever heard of. */
function Start({ isFirst }) {
  useEffect(() => {
    let gone = false;
    const open = (name) => gone || go(href(name), { replace: true });
    const first = PAGES.find((each) => has(each.scope)) ?? PAGES[0];
    if (!isFirst || !has("read")) return void open(first.path);
    const isNew = ({ providers }) => providers.length > 0 && providers.every((each) => !each.last_seen);
    api("/status").then((status) => open(isNew(status) ? "providers" : first.path), () => open(first.path));
    return () => (gone = true);
  }, []);
  return html`<${Loading} />`;
}

function Console() {
  const { page: path } = route.value;
  if (!isSignedIn.value || path === SIGN_IN.path || answerInAddress()) return html`<${Page} page=${SIGN_IN} />`;
  const page = PAGES.find((each) => each.path === path);
  if (!page) {
    return html`<${Start} isFirst=${path === ""} />`;
  }
  return html`<${Frame} pages=${PAGES.filter((each) => has(each.scope))} current=${page}><${Page} page=${page} /><//>`;
}

render(html`<${Console} /><${Toasts} />`, document.body);
// Beside what is looked at: who loses the connection can sign out all the same.
addEventListener("load", () => SIGN_IN.load().catch(() => null));
