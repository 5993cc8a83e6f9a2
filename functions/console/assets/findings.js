// A delivery problem in words.
import { clock, country, count, date, day, percent } from "./format.js";
import { href } from "./router.js";

/** "71 % (67 to 75 %, 293 of 412)". */
const rateOf = ({ rate, low, high, delivered, final }) =>
  `${percent(rate, 0)} (${(100 * low).toFixed(0)} to ${percent(high, 0)}, ${count(delivered)} of ${count(final)})`;

function placeOf({ country: code, network }) {
  if (network) return `network ${network} in ${country(code)}`;
  return code ? country(code) : "all its countries";
}

const sinceOf = (since, now) => `${day(since) === day(now) ? "" : `${date(since)}, `}${clock(since)} UTC`;

/** A row of `GET /stats/findings` as a sentence or two. `title` names a provider. */
export function tell(finding, title, now = Date.now()) {
  const { provider, since, rate, before, better } = finding;
  const points = Math.round(100 * (before.rate - rate));
  const fell = `${title(provider)} delivers ${rateOf(finding)} to ${placeOf(finding)} since ${sinceOf(since, now)}, ${points} points below its month (${percent(before.rate, 0)}).`;
  return better ? `${fell} ${title(better.provider)} delivers ${rateOf(better)} there.` : fell;
}

/** The messages that it is made of. */
export const messagesOf = ({ provider, country: code, network, since }) =>
  href("messages", { provider, country: code, network, from: since });
