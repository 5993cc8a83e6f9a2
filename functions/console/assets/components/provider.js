// The choice of a provider of this stack.
import { html } from "../vendor.js";
import { api } from "../api.js";
import { useLoad } from "../load.js";
import { perSession } from "../session.js";

const FRESH_MS = 300_000;
const asked = perSession(() => ({ at: 0, answer: null, asking: null }));

/** Every provider as the API tells this session, asked for now. */
export function providersNow() {
  const list = asked();
  const asking = api("/providers").finally(() => list.asking === asking && (list.asking = null));
  asking.then(() => Object.assign(list, { at: performance.now(), answer: asking }), () => null);
  return (list.asking = asking);
}

/** The same, asked for every five minutes at most while it answers. */
export function providers() {
  const { at, answer, asking } = asked();
  return answer && performance.now() - at < FRESH_MS ? answer : (asking ?? providersNow());
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
