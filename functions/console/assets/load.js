// Asking the server from a component.
import { useCallback, useEffect, useRef, useState } from "./vendor.js";
import { toast } from "./components/toast.js";

/**
 * Asks again whenever `deps` change: `useLoad((signal) => api("/stats", {query, signal}), [key])`.
 * `{data, error, loading, reload}`; old data stay until the new ones are there.
 */
export function useLoad(ask, deps) {
  const [state, set] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    set((old) => ({ data: old.data, loading: true }));
    ask(stop.signal).then(
      (data) => stop.signal.aborted || set({ data, loading: false }),
      (error) => stop.signal.aborted || set({ error, loading: false }),
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
      if (gone.current) toast(inWords(error));
      return undefined;
    } finally {
      busy.current = false;
    }
  };
  return [act, Boolean(state.acting), state.error];
}
