// The verdict bar on Locust's page: how the run goes, the verdict, a link to the report; and the form opened
// where the scenario is chosen.
"use strict";

const PERIOD_MS = 1000;
const SYMBOLS = { pass: "✓", fail: "✗", invalid: "!" };

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function link(run, text) {
  return element("a", { href: run.report, target: "_blank", rel: "noopener", textContent: text });
}

const symbol = element("span", { className: "verdict-symbol", ariaHidden: "true" });
const sentence = element("span", { className: "verdict-sentence" });
const progress = element("span", { className: "verdict-progress" });
const notice = element("span", { className: "verdict-notice" });
const announced = element("span", { role: "status" }, symbol, sentence, notice);
const links = element("span", { className: "verdict-links" });
const bar = element("aside", { className: "verdict-bar", ariaLabel: "Verdict", hidden: true },
  announced, progress, links);
document.body.prepend(bar);

function earlierRuns(runs) {
  const items = runs.map((run) => element("li", {},
    run.report ? link(run, run.run) : run.run, run.word ? ` ${SYMBOLS[run.word]} ${run.word}` : " not judged"));
  const title = runs.length === 1 ? "1 earlier run" : `${runs.length} earlier runs`;
  return element("details", {}, element("summary", { textContent: title }), element("ul", {}, ...items));
}

let settled = "";

function show(status) {
  bar.hidden = status.phase === "idle";
  const running = status.phase === "running";
  progress.textContent = running ? status.sentence : "";
  const { sentence: _, ...rest } = status;
  const now = JSON.stringify(running ? rest : status);
  if (now === settled) return;
  settled = now;
  bar.className = `verdict-bar ${status.word || status.phase}`;
  symbol.textContent = SYMBOLS[status.word] || "";
  sentence.textContent = running ? status.run : status.sentence;
  notice.textContent = status.notice;
  links.replaceChildren(...(status.phase === "done" ? [status.run] : []),
    ...(status.report ? [link(status, "Open the report")] : []),
    ...(status.phase === "done" ? [link({ report: "./runs/" }, "All runs")] : []),
    ...(status.earlier.length ? [earlierRuns(status.earlier)] : []));
}

async function follow() {
  try {
    if (!document.hidden) {
      const response = await fetch("./verdict");
      if (response.ok) show(await response.json());
    }
  } catch {
    // The server is gone, or busy: what is shown stays, and the next question may be answered.
  }
  setTimeout(follow, PERIOD_MS);
}

// Locust folds its custom parameters away; the scenario is what one comes to choose.
const opened = new WeakSet();

function openForms() {
  for (const field of document.querySelectorAll("select[name=scenario]")) {
    if (opened.has(field)) continue;
    opened.add(field);
    field.closest(".MuiAccordion-root")?.querySelector("[aria-expanded=false]")?.click();
  }
}

new MutationObserver(openForms).observe(document.body, { childList: true, subtree: true });
openForms();
follow();
