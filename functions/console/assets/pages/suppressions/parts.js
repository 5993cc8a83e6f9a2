// What the API does in parts, and times as it takes them.
import { api } from "../../api.js";

/** An act that answers in parts: `next` goes on, with the `until` of the first answer. */
export async function inParts(path, window, note, counted, step, total = 0) {
  let [after, until, done] = [undefined, window.until, 0];
  step({ total });
  do {
    const answer = await api(path, { method: "POST", query: { after }, body: { since: window.since, until }, note });
    done += answer[counted];
    after = answer.next;
    until = answer.until ?? until;
    if (!step({ done })) return;
  } while (after);
  step({ total: done });
}

/** Of a field `datetime-local`, which means UTC here; undefined where it is empty. */
export const utc = (local) => (local ? new Date(`${local}Z`).toISOString() : undefined);
