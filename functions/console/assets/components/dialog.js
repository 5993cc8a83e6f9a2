// Windows over the page: a dialog in the middle, a drawer at the side, a question before an act.
import { html, useEffect, useId, useRef, useState } from "../vendor.js";
import { Field, PLAIN } from "./field.js";
import { Failed, useAct } from "../load.js";

/** Shown as long as it is rendered. Escape, the cross and a press beside it call `onClose`. */
export function Dialog({ title, onClose, drawer, children }) {
  const box = useRef();
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${box} class=${drawer ? "drawer" : undefined} aria-labelledby=${id} onCancel=${cancel}
      onMouseDown=${(event) => event.target === box.current && onClose()}>
    <div class="dialog-body">
      <div class="panel-head"><h2 id=${id}>${title}</h2><button class="plain close" aria-label="Close" onClick=${onClose}>✕</button></div>
      ${children}
    </div>
  </dialog>`;
}

/**
 * Asks before an act: `<Confirm title="Revoke it?" action="Revoke" run=${() => api(…)} onDone=… onClose=…>What happens.<//>`.
 * With `reason` it asks for one too and hands it to `run`; with `type` the word must be typed.
 */
export function Confirm({ title, action, danger, reason, type, run, onDone, onClose, children }) {
  const [text, setText] = useState("");
  const [typed, setTyped] = useState("");
  const [act, acting, error] = useAct(async () => {
    const result = await run(text.trim());
    onClose();
    onDone?.(result);
  });
  const submit = (event) => {
    event.preventDefault();
    act();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="stack" onSubmit=${submit}>
      <div class="stack">${children}</div>
      ${reason && html`<${Field} label=${reason} hint="It is kept in the audit. No phone numbers, please.">
        <input required autofocus ...${PLAIN} value=${text} onInput=${(event) => setText(event.target.value)} />
      <//>`}
      ${type && html`<${Field} label=${`Type ${type} to go on`}>
        <input required autofocus=${!reason} pattern=${type} autocomplete="off" value=${typed} onInput=${(event) => setTyped(event.target.value)} />
      <//>`}
      ${error && html`<${Failed} error=${error} />`}
      <div class="buttons">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button class=${danger ? "danger" : "primary"} disabled=${acting || (type && typed !== type)}>${acting ? `${action} …` : action}</button>
      </div>
    </form>
  <//>`;
}
