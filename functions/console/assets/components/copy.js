// A text to be copied, with the button that does it and says so.
import { html, useEffect, useState } from "../vendor.js";
import { toast } from "../load.js";

const SAID_MS = 3000;

function Copy({ text, what }) {
  const [copied, setCopied] = useState(null);
  useEffect(() => {
    const timer = copied && setTimeout(() => setCopied(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied({ text });
    } catch {
      toast("The browser does not let us copy. Mark the text and copy it yourself.");
    }
  };
  const word = copied?.text === text ? "Copied" : "Copy";
  return html`<button class="small" onClick=${copy} aria-label=${`${word} ${what}`}>${word}</button><span class="unseen" role="status">${copied && `Copied ${what}.`}</span>`;
}

/** `what` is what the button copies: "the address". */
export function Copyable({ text, what }) {
  return html`<span class="copyable"><code>${text}</code><${Copy} text=${text} what=${what} /></span>`;
}
