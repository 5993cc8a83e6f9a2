// Takes back what a provider's reports did.
import { html, useState } from "../../vendor.js";
import { Confirm } from "../../components/dialog.js";
import { Field, ProviderSelect } from "../../components/field.js";
import { Panel } from "../../components/frame.js";
import { useTitles } from "../../components/table.js";
import { time } from "../../format.js";
import { inParts, utc } from "./parts.js";
import { route } from "../../router.js";
import { Work, isWorking, startWork } from "../../work.js";

const REVERT = "revert";

export function Revert() {
  const [provider, setProvider] = useState(route.value.query.provider ?? "");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [asking, setAsking] = useState(false);
  const title = useTitles();
  const window = { since: utc(since), until: utc(until) };
  const run = async (note) => {
    startWork(REVERT, `Revert of ${title(provider)}`, (step) => inParts(`/suppressions/revert/${provider}`, window, note, "reverted", step));
  };
  return html`<${Panel} title="Take back what a provider's reports did">
      <p>For a time in which a provider reported nonsense, or in which somebody else had its token: every number that its reports put on a list comes off, opt-outs too.
        What others said of the same numbers stays.</p>
      <form class="stack" onSubmit=${(event) => { event.preventDefault(); setAsking(true); }}><div class="filters roomy">
        <${Field} label="Provider"><${ProviderSelect} required value=${provider} onChange=${setProvider} /><//>
        <${Field} label="Received from (UTC)"><input type="datetime-local" required value=${since} onInput=${(event) => setSince(event.target.value)} /><//>
        <${Field} label="Received until (UTC)" hint="Empty: until now"><input type="datetime-local" value=${until} onInput=${(event) => setUntil(event.target.value)} /><//>
        </div><div><button class="danger" disabled=${isWorking(REVERT)}>Revert …</button></div>
      </form>
      <${Work} name=${REVERT} unit="number" />
    <//>
    ${asking && html`<${Confirm} title=${`Revert the reports of ${title(provider)}?`} action="Revert" danger type=${provider} reason="Reason" run=${run} onClose=${() => setAsking(false)}>
      From ${time(window.since)} until ${window.until ? time(window.until) : "now"}. This cannot be undone.
    <//>`}`;
}
