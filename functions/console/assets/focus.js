// Keeps the focus for whom only has a keyboard.

/**
 * Where the element with the focus goes away, or is disabled for a while, browsers give the focus to nobody: the next
 * key then begins at the top of the page. It is given back, or else to the dialog on top, or else to `main`.
 */
export function keepFocus(main) {
  let last = null;
  const known = (event) => (last = event.target);
  const pressed = () => (last = null); // a press beside everything wants no focus
  const mend = () => {
    if (!last || (document.activeElement && document.activeElement !== document.body)) return;
    if (last.isConnected && last.disabled) return;
    const [dialog] = [...document.querySelectorAll("dialog[open]")].slice(-1);
    const next = last.isConnected ? last : (dialog?.querySelector("button") ?? main);
    next.focus({ preventScroll: true });
  };
  const watch = new MutationObserver(() => requestAnimationFrame(mend));
  watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "open"] });
  addEventListener("focusin", known);
  addEventListener("pointerdown", pressed);
  return () => {
    watch.disconnect();
    removeEventListener("focusin", known);
    removeEventListener("pointerdown", pressed);
  };
}
