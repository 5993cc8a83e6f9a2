// What stands where data would: not there yet, none, failed, not allowed.
import { html } from "../vendor.js";

export function Loading({ what = "Loading" }) {
  return html`<div class="state" role="status"><span class="spin" aria-hidden="true"></span>${what} …</div>`;
}

/** Nothing there. Say inside what to do next. */
export function Empty({ title, children }) {
  return html`<div class="state"><strong>${title}</strong>${children && html`<div class="muted">${children}</div>`}</div>`;
}

export function Failed({ error, retry }) {
  return html`<div class="state bad poor" role="alert">
    <strong>${error.title ?? "That did not work"}</strong>
    <div>${error.message}</div>
    ${error.requestId && html`<div class="muted small">Request <code>${error.requestId}</code></div>`}
    ${retry && html`<button onClick=${retry}>Try again</button>`}
  </div>`;
}

export function NoScope({ scope }) {
  return html`<div class="state">
    <strong>Your token does not allow this</strong>
    <div class="muted">It needs scope <code>${scope}</code>. Who has scope <code>admin</code> can make a token with it, on page Access.</div>
  </div>`;
}

/**
 * Shows what `useLoad` answered, in each of its states:
 * `<Loaded of=${loaded} empty=${(data) => data.items.length === 0 && html`…`}>${(data) => html`…`}<//>`
 * `title` is for content that has its own heading: it stands there until the content does.
 */
export function Loaded({ of, empty, title, children }) {
  const { data, error, loading, reload } = of;
  const failed = error && html`<${Failed} error=${error} retry=${reload} />`;
  if (data === undefined) return html`${title && html`<h2>${title}</h2>`}${failed || html`<${Loading} />`}`;
  const nothing = empty?.(data);
  return html`<div class="loaded" aria-busy=${String(loading)}>${failed}${nothing || children(data)}</div>`;
}

/** Leads to the next page of what `usePages` answered. */
export function Older({ of }) {
  const { last, more, loading, error } = of;
  return html`${error && html`<${Failed} error=${error} />`}
    ${last?.next ? html`<button disabled=${loading} onClick=${more}>${loading ? "Loading …" : "Older ones"}</button>` : html`<span class="muted">That is all.</span>`}`;
}
