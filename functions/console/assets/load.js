// Asking the server from a component.
import { useCallback, useEffect, useRef, useState } from "./vendor.js";
import { toast } from "./components/toast.js";

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
    set({ acting: true });
    try {
      const result = await run(...given);
      set({});
      return result;
    } catch (error) {
      set({ error });
      if (gone.current) toast(inWords(error), FAILED_MS);
      return undefined;
    } finally {
      busy.current = false;
    }
  };
  return [act, Boolean(state.acting), state.error];
}

/**
 * A list that comes in pages: `usePages((signal, cursor) => api("/audit", { query: { from, cursor }, signal }), [from])`.
 * `{first, items, last, more, loading, error}`: `first` is that of `useLoad`. Pages of another question are not shown.
 */
export function usePages(ask, deps) {
  const first = useLoad(ask, deps);
  const [further, setFurther] = useState({ pages: [] });
  const pages = [first.data, ...(further.of === first.data ? further.pages : [])].filter(Boolean);
  const last = pages.at(-1);
  const [more, loading, error] = useAct(async () => {
    const page = await ask(undefined, last.next);
    setFurther({ of: first.data, pages: [...pages.slice(1), page] });
  });
  return { first, items: pages.flatMap((page) => page.items), last, more, loading: loading || first.loading, error };
}
