// CSV as the import reads it: records, of which quotes may hold line breaks.

/** The records without blank ones, and the place of each in the file: as a spreadsheet counts, in which blank ones have a row. */
function recordsOf(text) {
  const [records, places] = [[], []];
  let [start, place, quoted] = [0, 1, false];
  for (let at = 0; at <= text.length; at++) {
    const each = text[at];
    if (each === '"') quoted = !quoted;
    if (at < text.length && (quoted || (each !== "\n" && each !== "\r"))) continue;
    const record = text.slice(start, at);
    if (record.trim()) {
      records.push(record);
      places.push(place);
    }
    if (each === "\r" && text[at + 1] === "\n") at += 1;
    start = at + 1;
    place += 1;
  }
  return { records, places };
}

const KNOWN = /(^|[,;])\s*"?(number|recipient_hash)"?\s*($|[,;])/i;

/** Whether the first record names columns; a list of bare numbers does not. */
const hasHeader = (records) => KNOWN.test(records[0] ?? "");

/** Nothing beside it says where a number goes. */
const isBare = (header) => !/[,;]/.test(header);

/** `{header, rows, places}`: `places` are the rows' in the file, from 1. Bare numbers, below a header or not, go on `list`. */
export function sheetOf(text, list) {
  const { records, places } = recordsOf(text.replace(/^\ufeff/, ""));
  const named = hasHeader(records) ? records.shift() : null;
  if (named !== null) places.shift();
  if (named !== null && !isBare(named)) return { header: named, rows: records, places };
  return { header: `${named ?? "number"},list`, rows: records.map((each) => `${each},${list}`), places };
}

/** "row 3: not a number", of a part whose rows have these places, with the row's in the file; null where it is no row's but the part's. */
export function inFile(error, places) {
  const [, row, says] = error.match(/^row (\d+): (.*)$/s) ?? [];
  return row >= 2 ? `Row ${places[row - 2]}: ${says}` : null;
}
