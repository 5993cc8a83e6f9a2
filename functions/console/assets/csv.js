// CSV as the import reads it: records, of which quotes may hold line breaks.

/** The records' texts, without blank ones. */
function recordsOf(text) {
  const records = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    const each = text[at];
    if (each === '"') quoted = !quoted;
    if (at === text.length || (!quoted && (each === "\n" || each === "\r"))) {
      const record = text.slice(start, at);
      if (record.trim()) records.push(record);
      start = at + 1;
    }
  }
  return records;
}

const KNOWN = /(^|[,;])\s*"?(number|recipient_hash)"?\s*($|[,;])/i;

/** Whether the first record names columns; a list of bare numbers does not. */
const hasHeader = (records) => KNOWN.test(records[0] ?? "");

/** Nothing beside it says where a number goes. */
const isBare = (header) => !/[,;]/.test(header);

/**
 * `{header, rows, first}`: `first` is the number of the first row in the file, counted from 1. Bare numbers, below a header or
 * not, go on `list`.
 */
export function sheetOf(text, list) {
  const records = recordsOf(text.replace(/^\ufeff/, ""));
  const named = hasHeader(records) ? records.shift() : null;
  const first = named === null ? 1 : 2;
  if (named !== null && !isBare(named)) return { header: named, rows: records, first };
  return { header: `${named ?? "number"},list`, rows: records.map((each) => `${each},${list}`), first };
}

/**
 * "row 3: not a number", of a part that began at `offset`, with the row's number in the file; null where it is no row's
 * but the whole part's.
 */
export function inFile(error, offset, first) {
  const [, row, says] = error.match(/^row (\d+): (.*)$/s) ?? [];
  return row >= 2 ? `Row ${row - 2 + offset + first}: ${says}` : null;
}
