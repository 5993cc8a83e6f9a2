// A labelled control of a form.
import { cloneElement, html, useId } from "../vendor.js";

/** `<Field label="Reason" hint="…"><input …/><//>` */
export function Field({ label, hint, children }) {
  const id = useId();
  const control = [children].flat().find(Boolean);
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${cloneElement(control, { id, "aria-describedby": hint ? `${id}-hint` : undefined })}
    ${hint && html`<div id=${`${id}-hint`} class="muted small">${hint}</div>`}
  </div>`;
}

/** One of few, seen at once: `options` is `[[value, title], …]`. */
export function Choice({ label, options, value, onChange }) {
  const name = useId();
  return html`<fieldset class="choice">
    <legend class="unseen">${label}</legend>
    ${options.map(([each, title]) => html`<label key=${each}>
      <input type="radio" name=${name} value=${each} checked=${each === value} onChange=${() => onChange(each)} />
      <span>${title}</span>
    </label>`)}
  </fieldset>`;
}
