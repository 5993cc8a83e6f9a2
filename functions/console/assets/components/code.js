// A provider's code with what it means beside it.
import { html, useEffect, useState } from "../vendor.js";
import { all } from "../api.js";
import { perSession } from "../session.js";

const askedFor = perSession(() => new Map());

/** The provider's rows of the catalogue, asked for once. */
function codesOf(provider) {
  const asked = askedFor();
  if (!asked.has(provider)) {
    const rows = all("/codes", { query: { provider } });
    asked.set(provider, rows);
    rows.catch(() => asked.delete(provider));
  }
  return asked.get(provider);
}

/** What the catalogue says of a code, or undefined. */
export const meaningOf = (rows, code) => rows?.find((each) => each.code === code);

export function useCodes(provider) {
  const [rows, setRows] = useState(null);
  useEffect(() => {
    let gone = false;
    if (provider) codesOf(provider).then((found) => gone || setRows(found), () => null);
    return () => (gone = true);
  }, [provider]);
  return rows;
}

export function Code({ provider, code }) {
  const meaning = meaningOf(useCodes(code && provider), code);
  if (!code) return html`<span class="muted">–</span>`;
  return html`<span class="cut" title=${[code, meaning?.words].filter(Boolean).join(": ")}><code>${code}</code>${meaning && html` <span class="muted">${meaning.words}</span>`}</span>`;
}
