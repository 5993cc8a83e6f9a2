// Asking the server from a component, acts, and what stands where an answer would: not there yet, none, failed, not
// allowed. News of an act that nobody waits for any more is a toast.
import { html, signal, useCallback, useEffect, useRef, useState } from "./vendor.js";
import { session } from "./api.js";

const SHOWN_MS = 6000;
const toasts = signal([]);
session.subscribe(() => (toasts.value = [])); // they are nobody else's

const drop = (one) => (toasts.value = toasts.value.filter((each) => each !== one));

/** Short news at the bottom, read out by screen readers too. */
export function toast(text, shownMs = SHOWN_MS) {
  const one = { text };
  toasts.value = [...toasts.value, one];
  setTimeout(() => drop(one), shownMs);
}

export function Toasts() {
  return html`<div class="toasts" role="status">${toasts.value.map((each) => html`<div class="toast"><span>${each.text}</span><button class="plain small" aria-label="Dismiss" onClick=${() => drop(each)}>✕</button></div>`)}</div>`;
}

/**
 * Asks again whenever `deps` change: `useLoad((signal) => api("/stats", {query, signal}), [key])`.
 * `{data, error, loading, reload}`; old data stay until the new ones are there. Where asking the same again fails, they
 * stay beside the error: a page that asks by itself keeps what stands in it.
 */
export function useLoad(ask, deps) {
  const [state, set] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const latest = useRef({ turn, isAnswered: false });
  useEffect(() => {
    const stop = new AbortController();
    const isAnswered = turn !== latest.current.turn && latest.current.isAnswered;
    latest.current = { turn, isAnswered };
    set((old) => ({ data: old.data, error: isAnswered ? old.error : undefined, loading: true }));
    ask(stop.signal).then(
      (data) => {
        if (stop.signal.aborted) return;
        latest.current.isAnswered = true;
        set({ data, loading: false });
      },
      (error) => stop.signal.aborted || set((old) => ({ data: isAnswered ? old.data : undefined, error, loading: false })),
    );
    return () => stop.abort();
  }, [...deps, turn]);
  return { ...state, reload };
}

/** Calls `tick` every so many milliseconds while `on` and while the tab is in view, and once it is again. */
export function usePoll(tick, every, on = true) {
  const latest = useRef(tick);
  latest.current = tick;
  useEffect(() => {
    if (!on) return undefined;
    const ask = () => document.hidden || latest.current();
    const timer = setInterval(ask, every);
    document.addEventListener("visibilitychange", ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [every, on]);
}

/** Long enough to copy the request's id. */
const FAILED_MS = 60_000;
const inWords = ({ title = "That did not work", message, requestId }) => `${title}: ${message}${requestId ? ` Request ${requestId}` : ""}`;

/**
 * Runs an act at a time: `const [act, acting, error] = useAct(async () => …)`.
 * Its error is shown by `<Failed error=…/>`, or by a toast to who closed the window or left the page meanwhile.
 */
export function useAct(run) {
  const [state, set] = useState({});
  const busy = useRef(false);
  const gone = useRef(false);
  useEffect(() => () => void (gone.current = true), []);
  const act = async (...given) => {
    if (busy.current) return undefined;
    busy.current = true;
    const actor = session.peek();
    set({ acting: true });
    try {
      const result = await run(...given);
      set({});
      return result;
    } catch (error) {
      set({ error });
      if (gone.current && actor === session.peek()) toast(inWords(error), FAILED_MS);
      return undefined;
    } finally {
      busy.current = false;
    }
  };
  return [act, Boolean(state.acting), state.error];
}

/**
 * A list that comes in pages: `usePages((signal, cursor) => api("/audit", { query: { from, cursor }, signal }), [from])`.
 * `{first, items, last, more, loading, error}`: `first` is that of `useLoad`. Pages and errors of another question are not shown.
 */
export function usePages(ask, deps) {
  const first = useLoad(ask, deps);
  const [further, setFurther] = useState({ pages: [] });
  const pages = [first.data, ...(further.of === first.data ? further.pages : [])].filter(Boolean);
  const last = pages.at(-1);
  const asked = useRef();
  const [more, loading, error] = useAct(async () => {
    asked.current = first.data;
    const page = await ask(undefined, last.next);
    setFurther({ of: first.data, pages: [...pages.slice(1), page] });
  });
  return { first, items: pages.flatMap((page) => page.items), last, more, loading: loading || first.loading, error: asked.current === first.data ? error : undefined };
}

export function Loading({ what = "Loading" }) {
  return html`<div class="state" role="status"><span class="spin" aria-hidden="true"></span>${what} …</div>`;
}

/** Nothing there. Say inside what to do next. */
export function Empty({ title, children }) {
  return html`<div class="state"><strong>${title}</strong>${children && html`<div class="muted">${children}</div>`}</div>`;
}

export function Failed({ error, retry }) {
  return html`<div class="state bad poor" role="alert">
    <strong>${error.title ?? "That did not work"}</strong>
    <div>${error.message}</div>
    ${error.requestId && html`<div class="muted small">Request <code>${error.requestId}</code></div>`}
    ${retry && html`<button onClick=${retry}>Try again</button>`}
  </div>`;
}

export function NoScope({ scope }) {
  return html`<div class="state">
    <strong>Your token does not allow this</strong>
    <div class="muted">It needs scope <code>${scope}</code>. Who has scope <code>admin</code> can make a token with it, on page Access.</div>
  </div>`;
}

/**
 * Shows what `useLoad` answered, in each of its states:
 * `<Loaded of=${loaded} empty=${(data) => data.items.length === 0 && html`…`}>${(data) => html`…`}<//>`
 * `title` is for content that has its own heading: it stands there until the content does.
 */
export function Loaded({ of, empty, title, children }) {
  const { data, error, loading, reload } = of;
  const failed = error && html`<${Failed} error=${error} retry=${reload} />`;
  if (data === undefined) return html`${title && html`<h2>${title}</h2>`}${failed || html`<${Loading} />`}`;
  const nothing = empty?.(data);
  return html`<div class="loaded" aria-busy=${String(loading)}>${failed}${nothing || children(data)}</div>`;
}

/** Leads to the next page of what `usePages` answered. */
export function Older({ of }) {
  const { last, more, loading, error } = of;
  return html`${error && html`<${Failed} error=${error} />`}
    ${last?.next ? html`<button disabled=${loading} onClick=${more}>${loading ? "Loading …" : "Older ones"}</button>` : html`<span class="muted">That is all.</span>`}`;
}
