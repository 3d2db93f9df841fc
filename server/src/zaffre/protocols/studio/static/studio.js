// Keeps the log of a run that has not ended growing on the page, and reloads the page when it ends.
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
if (log) { log.scrollTop = log.scrollHeight; if (log.dataset.live === "true") follow(); }
