// How delivery stands.
import { html } from "../vendor.js";
import { api } from "../api.js";
import { Heading } from "../components/frame.js";
import { AsOf, RangePicker, rangeOf } from "../components/range.js";
import { Loaded } from "../components/states.js";
import { count, percent } from "../format.js";
import { useLoad } from "../load.js";
import { route } from "../router.js";

export default function Overview() {
  const { from, to } = rangeOf(route.value.query);
  const stats = useLoad((signal) => api("/stats", { query: { from, to }, signal }), [from, to]);
  return html`<${Heading} title="Overview"><${RangePicker} /><//>
    <${Loaded} of=${stats}>${({ rows, as_of }) => html`<p>${count(rows[0]?.n)} messages, ${percent(rows[0]?.delivery_rate)} delivered</p><${AsOf} at=${as_of} />`}<//>`;
}
