// Reads {"rules": {…}, "pages": {name: html}} as JSON, and tells what is wrong, also as JSON.
import { readFileSync } from "node:fs";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const { rules, pages } = JSON.parse(readFileSync(0, "utf8"));
const loader = new StaticConfigLoader({
  root: true,
  extends: ["html-validate:recommended", "html-validate:document"],
  rules,
});
const validator = new HtmlValidate(loader);
const found = [];
for (const [name, html] of Object.entries(pages)) {
  const report = await validator.validateString(html, `${name}.html`);
  for (const { messages } of report.results) {
    for (const { ruleId, message, line, selector } of messages) {
      found.push({ name, rule: ruleId, message, line, selector });
    }
  }
}
console.log(JSON.stringify(found));
