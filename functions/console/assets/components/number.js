// A phone number, which nobody sees before asking.
import { html, useState } from "../vendor.js";
import { masked } from "../format.js";
import { has } from "../session.js";
import { useAct } from "../load.js";

/** `value`: the number where it is known already, else `reveal` asks for it. */
export function PhoneNumber({ value, reveal }) {
  const [shown, setShown] = useState(null);
  const [show, asking, error] = useAct(async () => setShown(value ?? (await reveal()) ?? "not kept"));
  if (shown) return html`<span class="number">${shown} <button class="plain small" onClick=${() => setShown(null)}>Hide</button></span>`;
  if (!has("pii")) return html`<span class="muted" title="Numbers need scope pii">hidden</span>`;
  if (!value && !reveal) return html`<span class="muted">not kept</span>`;
  return html`<span class="number">${value ? masked(value) : "+••• •••••"} <button class="plain small" disabled=${asking} onClick=${show}>Show</button>${error && html` <span class="bad-text">${error.message}</span>`}</span>`;
}
