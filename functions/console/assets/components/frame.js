// What surrounds every page: name, navigation, who is signed in, the colours; and where the focus is.
import { effect, html, signal, useEffect, useRef, useState } from "../vendor.js";
import { session, signOut } from "../api.js";
import { time } from "../format.js";
import { href, route } from "../router.js";

const KEY = "dlr.theme";
const THEMES = { auto: "light dark", light: "light", dark: "dark" };

/** Light, dark, or as the system has it. */
export const theme = signal(localStorage.getItem(KEY) in THEMES ? localStorage.getItem(KEY) : "auto");

effect(() => {
  document.documentElement.style.colorScheme = THEMES[theme.value];
  localStorage.setItem(KEY, theme.value);
});

function ThemeChoice() {
  return html`<select class="plain" aria-label="Colours" value=${theme.value} onChange=${(event) => (theme.value = event.target.value)}>
    <option value="auto">As the system</option>
    <option value="light">Light</option>
    <option value="dark">Dark</option>
  </select>`;
}

export function Frame({ pages, current, children }) {
  const [open, setOpen] = useState(false);
  const main = useRef();
  const place = [route.value.page, ...route.value.rest].join("/");
  const shown = useRef(place);
  useEffect(() => {
    setOpen(false);
    if (shown.current === place) return;
    shown.current = place;
    scrollTo(0, 0);
    main.current.focus({ preventScroll: true });
  }, [place]);
  useEffect(() => keepFocus(main.current), []);
  const onKeyDown = (event) => event.key === "Escape" && setOpen(false);
  return html`<div class="frame">
    <button class="skip" onClick=${() => main.current.focus()}>Skip to the page</button>
    <header class="side" onKeyDown=${onKeyDown}>
      <div class="brand">
        <svg class="logo" viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="4" /><path d="M4 8.5l2.5 2.5L12 5.5" /></svg>
        <strong>Delivery reports</strong>
        <button class="menu" aria-expanded=${String(open)} aria-controls="navigation" onClick=${() => setOpen(!open)}>Menu</button>
      </div>
      <div id="navigation" class=${open ? "fold open" : "fold"}>
        <nav aria-label="Pages">
          ${pages.map((each) => html`<a key=${each.path} href=${href(each.path)} aria-current=${each.path === current.path ? "page" : undefined}>${each.title}</a>`)}
        </nav>
        <div class="who small">
          <span class="cut" title=${`Scopes: ${session.value.scopes.join(", ")}. Until ${time(session.value.expires_at)}`}>${session.value.name}</span>
          <button class="plain" onClick=${signOut}>Sign out</button>
          <${ThemeChoice} />
        </div>
      </div>
    </header>
    <main id="main" tabindex="-1" ref=${main}>${children}</main>
  </div>`;
}

/** A page's heading; what stands inside comes to its right. */
export function Heading({ title, says, children }) {
  return html`<div class="heading">
    <div><h1>${title}</h1>${says && html`<p class="muted">${says}</p>`}</div>
    ${children && html`<div class="tools">${children}</div>`}
  </div>`;
}

/** A part of a page with a heading of its own. */
export function Panel({ title, tools, children }) {
  return html`<section class="panel">
    ${(title || tools) && html`<div class="panel-head">${title && html`<h2>${title}</h2>`}${tools}</div>`}
    ${children}
  </section>`;
}

/**
 * Keeps the focus for whom only has a keyboard. Where the element with the focus goes away, or is disabled for a while, browsers give the focus to nobody: the next
 * key then begins at the top of the page. It is given back, or else to the dialog on top, or else to `main`.
 */
function keepFocus(main) {
  let last = null;
  const known = (event) => (last = event.target);
  const pressed = () => (last = null); // a press beside everything wants no focus
  const mend = () => {
    if (!last || (document.activeElement && document.activeElement !== document.body)) return;
    const [dialog] = [...document.querySelectorAll("dialog[open]")].slice(-1);
    const next = last.isConnected ? last : (dialog?.querySelector("button") ?? main);
    next.focus({ preventScroll: true });
  };
  const watch = new MutationObserver(() => requestAnimationFrame(mend));
  watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "open"] });
  addEventListener("focusin", known);
  addEventListener("pointerdown", pressed);
  return () => {
    watch.disconnect();
    removeEventListener("focusin", known);
    removeEventListener("pointerdown", pressed);
  };
}
