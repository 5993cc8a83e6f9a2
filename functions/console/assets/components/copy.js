// Copies a text.
import { html } from "../vendor.js";
import { toast } from "./toast.js";

export function Copy({ text, what = "it" }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(`Copied ${what}.`);
    } catch {
      toast("The browser does not let us copy. Mark the text and copy it yourself.");
    }
  };
  return html`<button class="small" onClick=${copy} aria-label=${`Copy ${what}`}>Copy</button>`;
}

/** A text to be copied, whole. */
export function Copyable({ text, what }) {
  return html`<span class="copyable"><code>${text}</code><${Copy} text=${text} what=${what} /></span>`;
}
