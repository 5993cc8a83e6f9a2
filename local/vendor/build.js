// Writes what the console takes from npm, with each licence in front.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const ASSETS = "../../functions/console/assets";
const FILES = {
  "vendor.js": { entry: "preact.js", packages: ["preact", "@preact/signals", "@preact/signals-core", "htm"] },
  "vendor-uplot.js": { entry: "uplot.js", packages: ["uplot"] },
};

function notice(name) {
  const read = (file) => readFileSync(`node_modules/${name}/${file}`, "utf8");
  const { version, license } = JSON.parse(read("package.json"));
  const holder = read("LICENSE").match(/^\s*Copyright.*$/im)?.[0].trim() ?? "";
  return ` * ${name} ${version}, ${license}. ${holder}`;
}

for (const [file, { entry, packages }] of Object.entries(FILES)) {
  await build({
    entryPoints: [entry],
    outfile: `${ASSETS}/${file}`,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    banner: { js: ["/*! Written by `make vendor`.", ...packages.map(notice), " */"].join("\n") },
  });
}

/** Without those that only say more than another: "Digicel Bermuda" beside "Digicel". */
const shortest = (names) => names.filter((each) => !names.some((other) => other !== each && each.startsWith(other)));

/** MCC and MNC → the network's brand, or its operator; of those in use. Some codes are shared. */
function networks() {
  const found = new Map();
  for (const { mcc, mnc, brand, operator, status } of JSON.parse(readFileSync("node_modules/mcc-mnc-list/mcc-mnc-list.json", "utf8"))) {
    const name = (brand ?? operator)?.trim();
    if (status !== "Operational" || !name || !mcc || !mnc) continue;
    found.set(mcc + mnc, (found.get(mcc + mnc) ?? new Set()).add(name));
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([code, names]) => [code, shortest([...names]).join(" / ")]);
}

const lines = networks().map(([code, name]) => `  [${JSON.stringify(code)}, ${JSON.stringify(name)}],`);
writeFileSync(`${ASSETS}/vendor-networks.js`, `/*! Written by \`make vendor\`.
${notice("mcc-mnc-list")}
 * Its data are those of https://en.wikipedia.org/wiki/Mobile_country_code, CC BY-SA 4.0; so is this list.
 */
/** Names of mobile networks by MCC and MNC (ITU-T E.212). */
export default new Map([
${lines.join("\n")}
]);
`);
