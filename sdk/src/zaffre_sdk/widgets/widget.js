// Draws a run from the state of its widget. Texts of users enter the page as text alone: nothing
// here builds HTML from strings. Everything picked is kept in `picked`, for the next view.

const SVG = "http://www.w3.org/2000/svg";
const GOOD = ["Completed"], BAD = ["Failed"], IDLE = ["Canceled", "NotStarted", "Queued"];

function put(node, props, kids) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value);
  }
  node.append(...kids.flat(Infinity).filter((kid) => kid !== null && kid !== undefined && kid !== ""));
  return node;
}
const h = (tag, props, ...kids) => put(document.createElement(tag), props, kids);
const s = (tag, props, ...kids) => put(document.createElementNS(SVG, tag), props, kids);

function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && !Number.isInteger(value)) return String(+value.toPrecision(6));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
function span(run) {
  if (!run.started_at) return "";
  const whole = Math.max(0, Math.floor((run.ended_at ?? Date.now() / 1000) - run.started_at));
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
const moment = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleString() : "");
const tone = (state) =>
  GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : IDLE.includes(state) ? "idle" : "busy";
const badge = (state) => h("span", { class: `state ${tone(state)}` }, state);
function link(address, words) {
  const safe = /^https?:\/\//.test(address ?? "");
  return safe ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words) : null;
}

// --- charts ---------------------------------------------------------------------------------
const W = 360, H = 190, LEFT = 52, RIGHT = 12, TOP = 18, BOTTOM = 34;

function ticks({ low, high, whole }, count) {
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const fitting = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= rough), step = whole ? Math.max(fitting, 1) : fitting;
  // Counted, not added up: next to a large number a step may be too small to change it.
  const first = Math.ceil(low / step), length = Math.min(Math.floor(high / step + 1e-6) - first, count) + 1;
  return Array.from({ length }, (_, index) => +((first + index) * step).toPrecision(12)).filter((at, index, all) => at !== all[index - 1]);
}
const label = (at) => (at !== 0 && (Math.abs(at) >= 1e6 || Math.abs(at) < 1e-4) ? (+at.toPrecision(4)).toExponential() : shown(at));
function axis(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return { low, high, whole: values.every(Number.isInteger) };
}
// `marks` are {x, y, words, tone}; with `joined` those of one line are joined, else they are dots.
function chart(lines, { title, x: nameX, y: nameY, joined }) {
  const all = lines.flatMap((line) => line.marks);
  if (!all.length) return h("p", { class: "muted" }, "nothing to draw yet");
  const ax = axis(all.map((mark) => mark.x)), ay = axis(all.map((mark) => mark.y));
  const px = (x) => LEFT + ((x - ax.low) / (ax.high - ax.low)) * (W - LEFT - RIGHT);
  const py = (y) => TOP + (1 - (y - ay.low) / (ay.high - ay.low)) * (H - TOP - BOTTOM);
  const says = h("div", { class: "says muted" }, " ");
  const spot = s("circle", { r: 4, class: "spot", visibility: "hidden" });
  const drawing = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title} over ${nameX}` },
    nameY ? s("text", { x: 2, y: 10, class: "name" }, nameY) : null,
    ticks(ay, 4).map((at) => [
      s("line", { class: "grid", x1: LEFT, x2: W - RIGHT, y1: py(at), y2: py(at) }),
      s("text", { x: LEFT - 6, y: py(at) + 4, "text-anchor": "end" }, label(at))]),
    ticks(ax, 5).map((at) =>
      s("text", { x: px(at), y: H - BOTTOM + 16, "text-anchor": "middle" }, label(at))),
    s("text", { x: (LEFT + W - RIGHT) / 2, y: H - 4, "text-anchor": "middle", class: "name" }, nameX),
    lines.map((line, index) => joined && line.marks.length > 1
      ? s("polyline", { class: `curve c${index % 6}`, points: line.marks.map((m) => `${px(m.x)},${py(m.y)}`).join(" ") })
      : line.marks.map((m) => s("circle", { r: 3.5, cx: px(m.x), cy: py(m.y), class: `dot ${m.tone ?? `c${index % 6}`}` }))),
    spot);
  drawing.addEventListener("mousemove", (event) => {
    const box = drawing.getBoundingClientRect();
    const at = { x: ((event.clientX - box.left) / box.width) * W, y: ((event.clientY - box.top) / box.height) * H };
    const far = (m) => Math.hypot(px(m.x) - at.x, (py(m.y) - at.y) * (joined ? 0.3 : 1));
    const near = all.reduce((best, mark) => (far(mark) < far(best) ? mark : best));
    put(spot, { cx: px(near.x), cy: py(near.y), visibility: "visible" }, []);
    says.textContent = near.words;
  });
  drawing.addEventListener("mouseleave", () => { spot.setAttribute("visibility", "hidden"); says.textContent = " "; });
  const legend = lines.length > 1
    ? h("div", { class: "legend" }, lines.map((line, index) => h("span", { class: `c${index % 6}` }, line.name)))
    : null;
  return h("div", {}, drawing, legend, says);
}

// --- tables ---------------------------------------------------------------------------------
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return shown(a).localeCompare(shown(b), undefined, { numeric: true });
}
// Rows are lists of cells; a cell is a value, or {value, node}. A click on a head sorts.
function table(columns, rows, picked, pick) {
  const worth = (cell) => (cell?.node ? cell.value : cell);
  const sorted = [...rows];
  if (picked && columns.includes(picked.by)) {
    const at = columns.indexOf(picked.by), sign = picked.down ? -1 : 1;
    const empty = (cell) => worth(cell) === null || worth(cell) === undefined;
    sorted.sort((a, b) => empty(a[at]) - empty(b[at]) || sign * compare(worth(a[at]), worth(b[at])));
  }
  const arrow = (column) => (picked?.by === column ? (picked.down ? " ▾" : " ▴") : "");
  const isNumber = columns.map((_, at) => rows.some((row) => typeof worth(row[at]) === "number"));
  const head = columns.map((column, at) => h("th", { scope: "col", class: isNumber[at] ? "number" : "" },
    h("button", { onclick: () => pick({ by: column, down: picked?.by === column && !picked.down }) }, column + arrow(column))));
  const body = sorted.map((row) => h("tr", {}, row.map((cell, at) =>
    h("td", { class: isNumber[at] ? "number" : "" }, cell?.node ?? shown(cell)))));
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)));
}
function matrix(labels, rows) {
  const most = Math.max(...rows.flat().filter((n) => typeof n === "number"), 1);
  const cell = (value) => {
    const node = h("td", { class: "number" }, shown(value));
    node.style.background = `color-mix(in srgb, var(--zf-accent) ${Math.round((70 * value) / most) || 0}%, transparent)`;
    return node;
  };
  return h("div", { class: "scroll" }, h("table", { class: "matrix" },
    h("thead", {}, h("tr", {}, h("th", {}, "true ╲ predicted"), labels.map((label) => h("th", {}, label)))),
    h("tbody", {}, rows.map((row, index) => h("tr", {}, h("th", {}, labels[index] ?? ""), row.map(cell))))));
}

// --- parts ----------------------------------------------------------------------------------
const pairs = (found) => h("dl", {}, found.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
const chips = (found) => Object.entries(found ?? {}).map(([key, value]) => h("span", { class: "chip" }, value === "" ? key : `${key}: ${shown(value)}`));

function figure(one, view) {
  const caption = h("figcaption", {}, one.name, one.last !== undefined ? h("span", { class: "last" }, shown(one.last)) : null);
  const images = view.model.get("images");
  const inside = {
    lines: () => chart(one.lines.map((line) => ({ name: line.name,
      marks: line.points.map(([x, y]) => ({ x, y, words: `${line.name}: ${shown(y)} at ${one.x} ${shown(x)}` })) })),
      { title: one.name, x: one.x, y: one.y, joined: true }),
    table: () => [table(one.columns.map(String), one.rows, view.sorting(`table ${one.name}`), (by) => view.sort(`table ${one.name}`, by)),
      one.total > one.rows.length ? h("p", { class: "muted" }, `${one.rows.length} of ${one.total} rows`) : null],
    matrix: () => matrix(one.labels, one.rows),
    images: () => one.paths.map((path) => (/^data:image\//.test(images[path] ?? "") ? h("img", { src: images[path], alt: path, title: path }) : h("p", { class: "muted" }, path))),
  }[one.form];
  return h("figure", { class: one.form }, caption, inside ? inside() : shown(one.value));
}
function metrics(view) {
  const figures = view.model.get("figures");
  const values = figures.filter((one) => one.form === "value"), drawn = figures.filter((one) => one.form !== "value");
  if (!figures.length) return h("p", { class: "muted" }, "No metrics yet.");
  return h("div", {}, values.length ? h("div", { class: "values" }, values.map((one) =>
    h("div", { class: "value" }, h("b", {}, shown(one.value)), h("span", { class: "muted" }, one.name)))) : null,
    h("div", { class: "figures" }, drawn.map((one) => figure(one, view))));
}
function children(view) {
  const found = view.model.get("children"), picked = view.picked();
  const keys = (group) => [...new Set(found.flatMap((child) => Object.keys(child[group])))];
  const asked = keys("parameters"), measured = keys("metrics");
  const numeric = (group, key) => found.some((child) => typeof child[group][key] === "number");
  const overs = ["run number", ...asked.filter((key) => numeric("parameters", key))];
  const ups = measured.filter((key) => numeric("metrics", key));
  const over = overs.includes(picked.over) ? picked.over : overs[0], up = ups.includes(picked.up) ? picked.up : ups[0];
  const x = (child) => (over === overs[0] ? child.number : child.parameters[over]);
  const marks = found.filter((child) => typeof child.metrics[up] === "number" && typeof x(child) === "number").map((child) =>
    ({ x: x(child), y: child.metrics[up], tone: tone(child.state), words: `${child.name}: ${up} ${shown(child.metrics[up])}, ${over} ${shown(x(child))}` }));
  const choose = (name, options, now) => h("label", {}, `${name} `, h("select", { onchange: (event) => view.pick({ [name === "metric" ? "up" : "over"]: event.target.value }) },
    options.map((option) => h("option", { value: option, selected: option === now }, option))));
  const base = view.model.get("run").page.replace(/[^/]*$/, "");
  const rows = found.map((child) => [child.number,
    { value: child.name, node: link(base && base + encodeURIComponent(child.id), child.name) ?? h("span", {}, child.name) },
    { value: child.state, node: badge(child.state) }, span(child),
    ...asked.map((key) => child.parameters[key]), ...measured.map((key) => child.metrics[key])]);
  return h("div", {},
    up ? h("figure", { class: "wide" }, h("figcaption", { class: "pickers" }, choose("metric", ups, up), choose("over", overs, over)),
      chart([{ name: up, marks }], { title: up, x: over, joined: false })) : null,
    table(["#", "run", "state", "duration", ...asked, ...measured], rows, view.sorting("children"), (by) => view.sort("children", by)));
}
function logs(view, before) {
  const found = view.model.get("logs"), paths = Object.keys(found);
  if (!paths.length) return h("p", { class: "muted" }, "No logs yet.");
  const path = paths.includes(view.picked().log) ? view.picked().log : paths[0];
  const text = h("pre", { tabindex: 0, "data-log": path }, found[path]);
  const old = before?.querySelector("pre");
  const stays = old && old.dataset.log === path && old.scrollHeight - old.scrollTop - old.clientHeight > 24;
  const at = stays ? old.scrollTop : Number.MAX_SAFE_INTEGER;
  requestAnimationFrame(() => { text.scrollTop = at; });
  return h("div", {}, h("div", { class: "pickers" }, h("label", {}, "log ", h("select", { onchange: (event) => view.pick({ log: event.target.value }) },
    paths.map((one) => h("option", { value: one, selected: one === path }, one))))), text);
}
function details(view) {
  const run = view.model.get("run");
  return pairs([["Run", run.id], ["Experiment", `${run.experiment} · ${run.number}`], ["Description", run.description], ["Compute", run.compute],
    ["Environment", run.environment], ["Command", run.command && h("code", {}, run.command)], ["Created", `${moment(run.created_at)} by ${run.created_by}`],
    ["Started", moment(run.started_at)], ["Ended", moment(run.ended_at)]]);
}
function header(view) {
  const run = view.model.get("run");
  const cancel = run.ended ? null : h("button", { class: "cancel", disabled: view.asked && "", onclick: () => {
    view.asked = true; view.model.send({ ask: "cancel" }); view.draw(); } }, view.asked ? "Cancelling…" : "Cancel");
  const tags = chips(run.tags), asked = chips(run.parameters);
  return h("header", {}, h("div", { class: "top" }, badge(run.state), h("strong", {}, run.name), h("span", { class: "muted clock" }, span(run)),
    h("span", { class: "muted" }, [run.compute, run.environment].filter(Boolean).join(" · ")),
    h("span", { class: "right" }, cancel, link(run.page, "Open in the studio"))),
    tags.length || asked.length ? h("div", { class: "chips" }, asked, tags) : null,
    run.notice ? h("div", { class: "notice" }, run.notice) : null,
    run.error ? h("div", { class: "error" }, h("b", {}, run.error.code), " ", run.error.message) : null);
}

const PARTS = [["Metrics", metrics, ["figures", "images"]], ["Child runs", children, ["children"]], ["Logs", logs, ["logs"]], ["Details", details, ["run"]]];

function render({ model, el }) {
  const top = h("div"), tabs = h("nav", { role: "tablist" }), body = h("div", { class: "body" });
  el.append(h("div", { class: "zaffre-run" }, top, tabs, body));
  const view = {
    model, asked: false,
    picked: () => model.get("picked") ?? {},
    pick(change) { model.set("picked", { ...view.picked(), ...change }); model.save_changes(); view.draw(); },
    sorting: (name) => view.picked().sort?.[name],
    sort: (name, by) => view.pick({ sort: { ...view.picked().sort, [name]: by } }),
    part: () => {
      const open = PARTS.filter(([name]) => name !== "Child runs" || model.get("children").length);
      const first = model.get("children").length && !model.get("figures").length ? "Child runs" : "Metrics";
      return [open, open.find(([name]) => name === (view.picked().tab ?? first)) ?? open[0]];
    },
    draw() {
      const [open, [now, draw]] = view.part();
      top.replaceChildren(header(view));
      tabs.replaceChildren(...open.map(([name]) => h("button", { role: "tab", "aria-selected": String(name === now), onclick: () => view.pick({ tab: name }) },
        name === "Child runs" ? `${name} (${model.get("children").length})` : name)));
      body.replaceChildren(draw(view, body));
    },
  };
  const changed = (name) => () => {
    if (model.get("run").notice) view.asked = false; // whatever was asked may have failed: it can be asked again
    const [, [, , about]] = view.part();
    if (name === "run" && !about.includes("run")) top.replaceChildren(header(view));
    else if (about.includes(name) || name === "children" || name === "run") view.draw();
  };
  const heard = ["run", "figures", "images", "logs", "children"].map((name) => [`change:${name}`, changed(name)]);
  for (const [event, act] of heard) model.on(event, act);
  const clock = setInterval(() => { el.querySelector(".clock").textContent = span(model.get("run")); }, 1000);
  view.draw();
  return () => { clearInterval(clock); for (const [event, act] of heard) model.off(event, act); };
}

export default { render };
