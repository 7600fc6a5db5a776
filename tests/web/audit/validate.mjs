// Reads pages, one a line as JSON, and answers each with a line: what html-validate finds wrong with it.
// Its argument is the file with the rules.
import { createInterface } from "node:readline";
import { HtmlValidate } from "html-validate";

const { default: config } = await import(`./${process.argv[2]}`);
const validator = new HtmlValidate(config);
for await (const line of createInterface({ input: process.stdin })) {
  const { results } = await validator.validateString(JSON.parse(line), "page.html");
  const found = results.flatMap((result) => result.messages);
  console.log(JSON.stringify(found.map((one) => `${one.line}:${one.column} ${one.ruleId}: ${one.message}`)));
}
