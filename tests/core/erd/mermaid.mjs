// Reads Mermaid texts, a JSON list on stdin, with the real parser: for each, the names and how many relations it has.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const found = createRequire(`${process.argv[2]}/`).resolve("mermaid/package.json").replace("package.json", "dist/mermaid.core.mjs");
const mermaid = (await import(pathToFileURL(found))).default;
const answers = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  answers.push({ entities: [...db.getEntities().keys()], relations: db.getRelationships().length });
}
console.log(JSON.stringify(answers));
