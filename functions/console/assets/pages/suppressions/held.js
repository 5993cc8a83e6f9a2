// What the mass-bounce guard holds: released or discarded.
import { html, useState } from "../../vendor.js";
import { api, has } from "../../api.js";
import { Confirm } from "../../components/dialog.js";
import { Field } from "../../components/field.js";
import { Panel } from "../../components/frame.js";
import { ProviderTitle, Table, useTitles } from "../../components/table.js";
import { atLeast, count } from "../../format.js";
import { Empty, Loaded, useLoad } from "../../load.js";
import { inParts, utc } from "./parts.js";
import { providerHref } from "../../router.js";
import { Work, isWorking, startWork } from "../../work.js";

const HELD = "held";

export function Held() {
  const status = useLoad((signal) => api("/status", { signal }), []);
  const [asked, setAsked] = useState(null);
  const title = useTitles();
  const [since, setSince] = useState(yesterday);
  const settle = ({ provider, act }) => async (note) => {
    startWork(HELD, `${TITLES[act]} what is held of ${title(provider)}`, async (step) => {
      await inParts(`/suppressions/held/${provider}/${act}`, act === "discard" ? { since: utc(since) } : {}, note, "settled", step, asked.more ? undefined : asked.n);
      status.reload();
    });
  };
  return html`<${Panel} title="What the mass-bounce guard holds">
      <p>Very many new dead numbers of one provider within an hour look like the provider's fault. They are held: they are still sent to, until somebody decides.</p>
      <${Loaded} of=${status} empty=${({ held }) => held.length === 0 && html`<${Empty} title="Nothing is held">When a provider calls more numbers dead in an hour than <code>MassBounceLimit</code>, they wait here.<//>`}>
        ${({ held }) => html`<${Table} caption="Held numbers" rows=${held} rowKey=${(each) => each.provider} columns=${[
          { key: "provider", title: "Provider", cell: (each) => html`<a href=${providerHref(each.provider)}><${ProviderTitle} name=${each.provider} /></a>` },
          { key: "n", title: "Numbers", num: true, cell: (each) => `${count(each.n)}${each.more ? " or more" : ""}` },
          { key: "acts", title: "", cell: (each) => has("write") && html`<span class="row">
            <button class="small" disabled=${isWorking(HELD)} aria-label=${`Release what is held of ${title(each.provider)}`} onClick=${() => setAsked({ ...each, act: "release" })}>Release</button>
            <button class="small danger" disabled=${isWorking(HELD)} aria-label=${`Discard what is held of ${title(each.provider)}`} onClick=${() => setAsked({ ...each, act: "discard" })}>Discard</button></span>` },
        ]} />`}
      <//>
      <${Work} name=${HELD} unit="number" />
    <//>
    ${asked && html`<${Confirm} title=${`${TITLES[asked.act]} ${atLeast(asked.n, asked.more, "number")} of ${title(asked.provider)}?`} action=${TITLES[asked.act]} danger=${asked.act === "discard"} reason="Reason"
      run=${settle(asked)} onClose=${() => setAsked(null)}>
      <p>${ABOUT[asked.act]}</p>
      ${asked.act === "discard" && html`<${Field} label="Received from (UTC)" hint="What was held before stays held."><input type="datetime-local" required value=${since} onInput=${(event) => setSince(event.target.value)} /><//>`}
    <//>`}`;
}

const TITLES = { release: "Release", discard: "Discard" };
const ABOUT = {
  release: "The provider was right: these numbers are dead, and are suppressed from now on.",
  discard: "The provider was wrong: these reports never count. The numbers stay free.",
};

const yesterday = () => new Date(Date.now() - 24 * 3600e3).toISOString().slice(0, 16);
