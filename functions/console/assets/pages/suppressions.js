// Who may not be sent to, in four parts.
import { html } from "../vendor.js";
import { has } from "../api.js";
import { Choice } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { NoScope } from "../load.js";
import { Held } from "./suppressions/held.js";
import { Import } from "./suppressions/import.js";
import { LookUp } from "./suppressions/look-up.js";
import { Revert } from "./suppressions/revert.js";
import { href, route, setQuery } from "../router.js";

const PARTS = { lookup: ["Look up", LookUp, "check"], import: ["Import", Import, "write"], held: ["Held", Held, "read"], revert: ["Revert", Revert, "write"] };

export default function Suppressions() {
  const asked = route.value.query.part ?? "";
  const part = Object.hasOwn(PARTS, asked) ? asked : "lookup";
  const [, Content, scope] = PARTS[part];
  return html`<${Heading} title="Suppressions" says="Who may not be sent to: dead numbers for a time, opt-outs until somebody lifts them.">
      ${has("pii") && html`<a class="button" href=${href("exports", { kind: "suppressions" })}>Export the list</a>`}
    <//>
    <div><${Choice} label="Part of this page" value=${part} options=${Object.entries(PARTS).map(([key, [title]]) => [key, title])}
      onChange=${(value) => setQuery({ part: value === "lookup" ? "" : value, provider: "" })} /></div>
    ${has(scope) ? html`<${Content} key=${part} />` : html`<${Panel}><${NoScope} scope=${scope} /><//>`}`;
}
