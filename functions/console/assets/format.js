// Numbers, times and words as the console shows them. Times are UTC, as in every answer of the API.
import { signal } from "./vendor.js";

const GAP = "\u202f";
/** Made when it is first asked for: that takes 20 ms, which the page is not made to wait for. */
const later = (make) => {
  let made;
  return () => (made ??= make());
};
const whole = later(() => new Intl.NumberFormat("en", { maximumFractionDigits: 0 }));
const compact = later(() => new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }));
const regions = later(() => new Intl.DisplayNames(["en"], { type: "region", fallback: "code" }));

const NONE = "–";

export const count = (n) => (n === null || n === undefined ? NONE : whole().format(n));
/** 1, "request" → "1 request"; 2 → "2 requests". */
export const many = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;
/** The same of what was counted up to a limit, if `isMore`: "7,000 or more requests". */
export const atLeast = (n, isMore, one) => (isMore ? `${count(n)} or more ${one}s` : many(n, one));
export const short = (n) => (n < 10_000 ? count(n) : compact().format(n));

/** 0.934 → "93.4 %"; what is neither none nor all never looks so: 0.0001 → "< 0.1 %". */
export function percent(rate, digits = 1) {
  if (rate === null || rate === undefined) return NONE;
  const text = (100 * rate).toFixed(digits);
  if (rate > 0 && Number(text) === 0) return `<${GAP}${(10 ** -digits).toFixed(digits)}${GAP}%`;
  if (rate < 1 && Number(text) === 100) return `>${GAP}${(100 - 10 ** -digits).toFixed(digits)}${GAP}%`;
  return `${text}${GAP}%`;
}

/** 75.2 → "1 min 15 s". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 10) return `${seconds.toFixed(1)}${GAP}s`;
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const parts = [];
  let left = Math.round(seconds);
  const first = units.findIndex(([size]) => left >= size);
  for (const [size, unit] of units.slice(first, first + 2)) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n) parts.push(`${n}${GAP}${unit}`);
  }
  return parts.join(" ");
}

const pad = (n) => String(n).padStart(2, "0");

/** "24 Nov 2026, 13:00:05 UTC". */
export function time(value, { seconds = false, zone = true, year = true } = {}) {
  if (!value) return NONE;
  return `${year ? day(value) : date(value)}, ${clock(value, seconds)}${zone ? " UTC" : ""}`;
}

/** "13:00", or "13:00:05". */
export function clock(value, seconds = false) {
  const at = new Date(value);
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}${seconds ? `:${pad(at.getUTCSeconds())}` : ""}`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** "24 Nov". */
export function date(value) {
  const at = new Date(value);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

/** "24 Nov 2026". */
export const day = (value) => `${date(value)} ${new Date(value).getUTCFullYear()}`;

/** "5 min ago", "in 3 h". */
export function ago(value, now = Date.now()) {
  if (!value) return "never";
  const seconds = (now - new Date(value)) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  const rough = duration(Math.abs(seconds) < 60 ? Math.round(Math.abs(seconds)) : Math.abs(seconds)).split(" ")[0];
  return seconds > 0 ? `${rough} ago` : `in ${rough}`;
}

const SPELLED = { enroute: "On its way", opt_out: "Opt-out", suppress_opt_out: "Suppress as opt-out", not_sms_capable: "Not SMS-capable" };

/** "unknown_subscriber" → "Unknown subscriber". */
export function words(name) {
  if (!name) return NONE;
  if (SPELLED[name]) return SPELLED[name];
  const text = String(name).replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}

/** "DE" → "Germany". */
export function country(code) {
  if (!code) return "Unknown country";
  try {
    return regions().of(code);
  } catch {
    return code;
  }
}

const networks = signal(null);
let asked = null;

/** "26202" → "Vodafone 26202", once the names are there: they are loaded when a network is first shown. */
export function network(code) {
  asked ??= import("./vendor-networks.js").then((names) => (networks.value = names.default), () => (asked = null));
  const name = networks.value?.get(code);
  return name ? `${name} ${code}` : code;
}

/** May be a person's number, in a text of any kind: any digits after `+`, else seven and more, apart or not. */
const NUMBER = /(?:\+|%2B)\d(?:(?:[ ().+-]|%20){0,2}\d)*|\d(?:(?:[ ().+-]|%20){0,2}\d){6,}/gi;

/** Without numbers: a dot for each character, but for the first and last two of a long one. */
export const hidden = (text) =>
  text.replace(NUMBER, (found) => (found.length < 7 ? "•".repeat(found.length) : `${found.slice(0, 2)}${"•".repeat(found.length - 4)}${found.slice(-2)}`));

/** "+447700900123" → "+44 ••••• 123". */
export function masked(number) {
  return number ? `${number.slice(0, 3)} ••••• ${number.slice(-3)}` : NONE;
}

// The API's words, in the order in which they are offered. `tests/test_console.py` holds them to the API's own.
export const STATUSES = "delivered read undelivered rejected expired deleted enroute accepted scheduled partially_delivered unknown".split(" ");
export const FAILED = "undelivered rejected expired deleted".split(" ");
export const BOUNCES = "hard opt_out soft block admin undetermined".split(" ");
export const CAUSES = ("invalid_number unknown_subscriber not_sms_capable ported_out suspended blacklisted barred plan_restricted doubtful_number opted_out do_not_disturb "
  + "absent handset_error busy porting roaming network_error expired unroutable spam content invalid_message sender_rejected not_registered rate_limited "
  + "insufficient_credit account_suspended country_blocked authentication invalid_request provider_error cancelled unspecified unknown").split(" ");
export const ACTIONS = "suppress_number suppress_opt_out strike keep".split(" ");

/** What is searched by where the country or network is not known. */
export const NO_PLACE = "none";

/** On fewer final messages there is no verdict. */
export const FEW = 100;

/** What messages are searched by, and exported. */
export const FILTERS = "provider status cause bounce country network code sender".split(" ");
