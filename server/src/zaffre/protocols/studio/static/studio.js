// Leads the links that MLflow's client prints (`…/#/experiments/ID/runs/ID`) to the page that is meant,
// and keeps the log of a run that has not ended growing on the page, and reloads the page when it ends.
"use strict";
const log = document.querySelector("pre[data-log]");
async function follow() {
  let offset = Number(log.dataset.offset);
  const decoder = new TextDecoder(); // a character may come in two parts
  for (;;) {
    const answer = await fetch(`${log.dataset.log}?offset=${offset}`);
    if (!answer.ok) return;
    const bytes = await answer.arrayBuffer();
    offset += bytes.byteLength;
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    log.append(decoder.decode(bytes, { stream: true }));
    if (atEnd) log.scrollTop = log.scrollHeight;
    if (answer.headers.get("x-zaffre-ended") === "true" && bytes.byteLength === 0) return location.reload();
  }
}
const here = document.querySelector("[data-workspace]");
const meant = location.hash.match(/^#\/experiments\/([^/?]+)(?:\/runs\/([^/?]+))?/);
if (here && meant) {
  const experiment = meant[1] === "0" ? "Default" : meant[1];
  location.replace(`${here.dataset.workspace}/${meant[2] ? `runs/${meant[2]}` : `experiments/${experiment}`}`);
}
if (log) { log.scrollTop = log.scrollHeight; if (log.dataset.live === "true") follow(); }
