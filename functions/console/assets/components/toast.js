// Short news at the bottom, read out by screen readers too.
import { html, signal } from "../vendor.js";

const SHOWN_MS = 6000;
const toasts = signal([]);

export function toast(text) {
  const one = { text };
  toasts.value = [...toasts.value, one];
  setTimeout(() => (toasts.value = toasts.value.filter((each) => each !== one)), SHOWN_MS);
}

export function Toasts() {
  return html`<div class="toasts" role="status">${toasts.value.map((each) => html`<div class="toast">${each.text}</div>`)}</div>`;
}
