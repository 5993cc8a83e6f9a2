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

/** What an identity provider has said in the address, where it sent the browser back: `{code, state}` or `{error}`; else null. */
export function answerInAddress() {
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  return answer.state || answer.code || answer.error ? answer : null;
}

/** Changes some filters and leaves the others. */
export function setQuery(changes, options) {
  const { page, rest, query } = route.peek();
  go(href([page, ...rest].map(encodeURIComponent).join("/"), { ...query, ...changes }), options);
}

/** A message with all its reports. */
export const messageHref = (provider, id) => href("messages", { provider, message: id });

export const providerHref = (provider) => href(`providers/${encodeURIComponent(provider)}`);
export const codesHref = (provider, text) => href("codes", { provider, text });
