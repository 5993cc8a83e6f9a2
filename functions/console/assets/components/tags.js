// Words with a colour; the word alone says it all.
import { html } from "../vendor.js";
import { words } from "../format.js";

const TONES = {
  delivered: "excellent", read: "excellent", undelivered: "poor", rejected: "poor", expired: "fair", deleted: "fair",
};
const BOUNCE = { hard: "poor", opt_out: "poor", soft: "fair", block: "fair", admin: "fair" };

/** The class that colours a status. */
export const toneOf = (status) => TONES[status] ?? "";

export const Status = ({ status }) => html`<span class=${`tag ${toneOf(status)}`}>${words(status)}</span>`;

export const Band = ({ band }) => (band ? html`<span class=${`tag ${band}`}>${words(band)}</span>` : null);

/** Why it failed, with the class of the cause. */
export function Cause({ cause, bounce }) {
  if (!cause || cause === "none") return html`<span class="muted">–</span>`;
  return html`<span>${words(cause)}${BOUNCE[bounce] && html` <span class=${`tag ${BOUNCE[bounce]}`}>${words(bounce)}</span>`}</span>`;
}
