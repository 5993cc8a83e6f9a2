// The choice of a provider of this stack.
import { html } from "../vendor.js";
import { api } from "../api.js";
import { useLoad } from "../load.js";
import { perSession } from "../session.js";

const FRESH_MS = 300_000;
const asked = perSession(() => ({ at: -Infinity, answer: null }));

/** Every provider as the API tells this session, asked for every five minutes at most while it answers. */
export function providers() {
  const list = asked();
  if (performance.now() - list.at > FRESH_MS) {
    list.at = performance.now();
    list.answer = api("/providers").catch((error) => {
      list.at = -Infinity;
      throw error;
    });
  }
  return list.answer;
}

/** Of a form: the deployed ones, or `names`. `id` and so on come from `Field`. */
export function ProviderSelect({ value, onChange, any, every, ...rest }) {
  const { data } = useLoad(providers, []);
  const items = (data?.items ?? []).filter((each) => every || each.enabled);
  return html`<select ...${rest} value=${value} onChange=${(event) => onChange(event.target.value)}>
    <option value="">${any ?? "Choose …"}</option>
    ${value && !items.some((each) => each.name === value) && html`<option value=${value}>${value}</option>`}
    ${items.map((each) => html`<option key=${each.name} value=${each.name}>${each.title}</option>`)}
  </select>`;
}

/** A provider by its title, in a cell: "thesmsworks" → "The SMS Works". */
export function ProviderTitle({ name }) {
  return html`<span class="cut" title=${name}>${useTitles()(name)}</span>`;
}

/** A function that names a provider: "thesmsworks" → "The SMS Works". */
export function useTitles() {
  const { data } = useLoad(providers, []);
  return (name) => data?.items.find((each) => each.name === name)?.title ?? name;
}
