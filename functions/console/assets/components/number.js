// A phone number, which nobody sees before asking.
import { html, useState } from "../vendor.js";
import { masked } from "../format.js";
import { has } from "../session.js";

/** `value`: the number, or nothing where none is kept. */
export function PhoneNumber({ value }) {
  const [shown, setShown] = useState(false);
  if (!has("pii")) return html`<span class="muted" title="Numbers need scope pii">hidden</span>`;
  if (!value) return html`<span class="muted">not kept</span>`;
  return html`<span class="number">${shown ? value : masked(value)} <button class="plain small" aria-label=${shown ? "Hide the number" : "Show the number"} onClick=${() => setShown(!shown)}>${shown ? "Hide" : "Show"}</button></span>`;
}
