// How far the server is with a job.
import { html, useId } from "../vendor.js";
import { count, many, words } from "../format.js";

const ENDED = new Set(["done", "failed"]);
export const isRunning = (job) => !ENDED.has(job.state);

export function JobProgress({ job }) {
  const id = useId();
  if (job.state === "failed") return html`<span class="tag poor">Failed</span> <span>${job.reason}</span>`;
  if (job.state === "done") return html`<span class="tag excellent">Done</span> <span class="muted">${many(job.rows, "row")}</span>`;
  return html`<span class="progress"><progress aria-labelledby=${id} max=${job.total} value=${job.done}></progress> <span id=${id}>${words(job.state)}, ${count(job.done)} of ${count(job.total)}</span></span>`;
}
