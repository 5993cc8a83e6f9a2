// A file of numbers onto the list.
import { html, useMemo, useState } from "../../vendor.js";
import { api } from "../../api.js";
import { Field, PLAIN } from "../../components/field.js";
import { Panel } from "../../components/frame.js";
import { inFile, sheetOf } from "../../csv.js";
import { count, many } from "../../format.js";
import { Work, isWorking, startWork, workOf } from "../../work.js";

const IMPORT = "import";
const ROWS_A_CALL = 1000;

export function Import() {
  const [text, setText] = useState("");
  const [list, setList] = useState("opt_out");
  const [country, setCountry] = useState("");
  const [note, setNote] = useState("");
  const sheet = useMemo(() => sheetOf(text, list), [text, list]); // once: work that runs renders this again and again
  const n = sheet.rows.length;
  const read = async (event) => setText((await event.target.files[0]?.text()) ?? "");
  const begin = (event) => {
    event.preventDefault();
    startWork(IMPORT, `Import of ${many(n, "row")}`, (step) => importAll(sheet, country.trim().toUpperCase(), note.trim(), step));
  };
  return html`<${Panel} title="Put many numbers on the list">
      <form class="stack" onSubmit=${begin}>
        <p>A CSV file with a column <code>number</code>, or one number a line. Columns <code>list</code> and <code>cause</code> say where each goes and why;
          so does an export of this list. Rows with an error cost no other row.</p>
        <${Field} label="File"><input type="file" accept=".csv,.txt,text/csv,text/plain" onChange=${read} /><//>
        <${Field} label="Or paste it"><textarea spellcheck="false" autocomplete="off" value=${text} onInput=${(event) => setText(event.target.value)}></textarea><//>
        <div class="filters roomy">
          <${Field} label="List of bare numbers"><select value=${list} onChange=${(event) => setList(event.target.value)}><option value="opt_out">Opt-outs</option><option value="number">Dead numbers</option></select><//>
          <${Field} label="Country of numbers without +" hint="Two letters, like GB"><input maxlength="2" pattern="[A-Za-z]{2}" value=${country} onInput=${(event) => setCountry(event.target.value)} /><//>
          <${Field} label="Reason" hint="It is kept in the audit."><input ...${PLAIN} value=${note} onInput=${(event) => setNote(event.target.value)} /><//>
        </div>
        <div class="row"><button class="primary" disabled=${n === 0 || isWorking(IMPORT)}>Import${n > 0 && ` ${many(n, "row")}`}</button></div>
      </form>
    <//>
    <${ImportState} />`;
}

function ImportState() {
  const work = workOf(IMPORT);
  return work && html`<${Panel}><${Work} name=${IMPORT} unit="row" done="read">
    <p>On the list: ${count(work.imported ?? 0)}. Skipped: ${count(work.skipped ?? 0)}. With an error: ${count(work.notes.length)}.</p>
  <//><//>`;
}

const refused = (from, to, says) => ({ title: "Not a table that can be read", message: `Nothing of rows ${count(from)} to ${count(to)} was taken: ${says}.` });

async function importAll({ header, rows, places }, country, note, step) {
  let [imported, skipped, notes] = [0, 0, []];
  step({ total: rows.length });
  for (let at = 0; at < rows.length; at += ROWS_A_CALL) {
    const [part, of] = [rows, places].map((each) => each.slice(at, at + ROWS_A_CALL));
    const answer = await api("/suppressions/import", { method: "POST", query: { country }, body: [header, ...part].join("\n"), note: note || undefined });
    const wrong = answer.errors.map((each) => inFile(each, of));
    if (wrong.includes(null)) throw refused(of[0], of.at(-1), answer.errors[0]);
    imported += answer.imported;
    skipped += answer.skipped ?? 0;
    notes = [...notes, ...wrong];
    if (!step({ done: at + part.length, imported, skipped, notes })) return;
  }
}
