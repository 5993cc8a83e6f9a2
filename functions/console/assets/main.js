// Starts the console: the sign-in page, or the frame with the page that the address names.
import { html, render, useEffect, useErrorBoundary, useState } from "./vendor.js";
import { api } from "./api.js";
import { Frame, Heading } from "./components/frame.js";
import { Toasts } from "./components/toast.js";
import { Failed, Loading, NoScope } from "./components/states.js";
import { PAGES } from "./pages.js";
import { go, href, route } from "./router.js";
import { has, isSignedIn } from "./session.js";
import { SignIn } from "./sign-in.js";

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
  if (!isSignedIn.value || path === "sign-in") return html`<${SignIn} />`;
  const page = PAGES.find((each) => each.path === path);
  if (!page) {
    return html`<${Start} isFirst=${path === ""} />`;
  }
  return html`<${Frame} pages=${PAGES.filter((each) => has(each.scope))} current=${page}><${Page} page=${page} /><//>`;
}

render(html`<${Console} /><${Toasts} />`, document.body);
