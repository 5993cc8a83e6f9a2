// Bundles what the console takes from npm, with each licence in front.
import { readFileSync } from "node:fs";
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
