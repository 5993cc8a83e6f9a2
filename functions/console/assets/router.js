// Where we are: `#/messages/smsmode?status=rejected`. Filters live in the address.
import { signal } from "./vendor.js";

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decoded);
  return { page, rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** `{page, rest: [further parts], query: {name: text}}` */
export const route = signal(read());

addEventListener("hashchange", () => (route.value = read()));

/** An address of the console. Empty values are left out. */
export function href(page, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return `#/${page}${text ? `?${text}` : ""}`;
}

export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  route.value = read();
}

/** Changes some filters and leaves the others. */
export function setQuery(changes, options) {
  const { page, rest, query } = route.peek();
  go(href([page, ...rest].map(encodeURIComponent).join("/"), { ...query, ...changes }), options);
}
