// Short news at the bottom, read out by screen readers too.
import { html, signal } from "../vendor.js";

const SHOWN_MS = 6000;
const toasts = signal([]);

const drop = (one) => (toasts.value = toasts.value.filter((each) => each !== one));

export function toast(text, shownMs = SHOWN_MS) {
  const one = { text };
  toasts.value = [...toasts.value, one];
  setTimeout(() => drop(one), shownMs);
}

export function Toasts() {
  return html`<div class="toasts" role="status">${toasts.value.map((each) => html`<div class="toast"><span>${each.text}</span><button class="plain small" aria-label="Dismiss" onClick=${() => drop(each)}>✕</button></div>`)}</div>`;
}
