/* Charts, drawn from the design's tokens. A chart is an element with data-chart="KIND", a sentence as aria-label, and
   its figures as JSON: in the <script type="application/json"> named by data-source, or at the address in data-url.

   KIND      figures
   spend     labels, large, small, saved        money, stacked; saved is hatched, it was not spent
   queries   labels, small, large               counts, stacked
   share     labels, small, large               counts, drawn as shares of 100 %
   line      labels, values, name, unit         one series in ink; unit: money, count, ms or percent
   bars      labels, values, name, unit, mark   one series as bars; mark colours it (error, small, …)
   mix       parts: [{mark, name, value}]       a ring of parts
   spark     values                             a line without axes

   Everything is drawn again when the theme changes; colours are read from an element, where light-dark() resolves. */

const NAMES = ["small", "large", "cached", "saved", "error", "warn", "baseline", "ink", "muted", "line", "line-strong", "surface", "raised"];
const WORDS = { large: "Large models", small: "Small models", saved: "Saved" };

function colour(name) {
  const element = document.createElement("i");
  element.style.color = `var(--o-${name})`;
  document.body.append(element);
  const value = getComputedStyle(element).color;
  element.remove();
  return value;
}
const palette = () => Object.fromEntries(NAMES.map((name) => [name, colour(name)]));
const fade = (rgb, alpha) => rgb.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
const hatch = (rgb) => ({ symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [1.5, 4.5], rotation: -Math.PI / 4, color: rgb });
const font = () => ({ fontFamily: getComputedStyle(document.body).fontFamily });

/* The same rule as the `money` filter: cents from 1 on, four decimals below, more where those would say nothing. */
export function money(value) {
  const size = Math.abs(value);
  const sign = value < 0 ? "-$" : "$";
  if (size === 0 || size >= 1) return sign + size.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const text = size.toFixed(Math.min(12, Math.max(4, 1 - Math.floor(Math.log10(size)))));
  const shown = text.replace(/(\.\d{4}\d*?)0+$/, "$1");
  return sign + (size >= 0.01 ? shown.replace(/(\.\d\d)00$/, "$1") : shown);
}
const UNITS = {
  money,
  count: (value) => Math.round(value).toLocaleString("en-US"),
  ms: (value) => (value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`),
  percent: (value) => `${+value.toFixed(1)} %`,
};
/* Axis figures are round: trailing zeros say nothing there. */
const onAxis = (unit) => (value) => (unit === "money" ? `$${+value.toPrecision(3)}` : UNITS[unit](value));

/* The tooltip is made of elements: text with style attributes would be blocked. */
function tooltip(c, rows, unit) {
  return {
    trigger: "axis", confine: true, backgroundColor: c.raised, borderColor: c["line-strong"], borderWidth: 1, padding: [8, 12],
    textStyle: { color: c.ink }, axisPointer: { type: "line", lineStyle: { color: c["line-strong"], type: "solid" } },
    formatter: (points) => {
      const box = document.createElement("div");
      box.className = "o-tt";
      box.append(cell("h4", points[0].axisValueLabel));
      for (const [mark, label, pick] of rows) {
        const value = pick(points[0].dataIndex);
        if (value === null || value === undefined) continue;
        const row = document.createElement("div");
        row.append(cell("span", "", `o-mark o-mark-${mark}`), label, cell("b", UNITS[unit](value)));
        box.append(row);
      }
      return box;
    },
  };
}

function frame(c, labels, unit, extra = {}) {
  const every = Math.max(1, Math.ceil(labels.length / 8));
  return {
    animationDuration: 350, animationDurationUpdate: 0, textStyle: font(),
    grid: { left: 4, right: 8, top: 14, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: {
      type: "category", data: labels, axisLine: { lineStyle: { color: c["line-strong"] } }, axisTick: { show: false },
      axisLabel: { color: c.muted, fontSize: 11, margin: 10, hideOverlap: true, showMaxLabel: true, interval: (i) => (labels.length - 1 - i) % every === 0 },
      ...extra.x,
    },
    yAxis: {
      type: "value", min: 0, splitNumber: 4, splitLine: { lineStyle: { color: c.line } },
      axisLabel: { color: c.muted, fontSize: 11, formatter: onAxis(unit) }, ...extra.y,
    },
  };
}
const column = (name, data, style) => ({ name, type: "bar", stack: "all", data, barCategoryGap: "32%", barMaxWidth: 44, itemStyle: style });
const at = (list) => (index) => list[index];
const sum = (...lists) => (index) => lists.reduce((total, list) => total + list[index], 0);

const KINDS = {
  spend: (c, d) => ({
    ...frame(c, d.labels, "money"),
    tooltip: tooltip(c, [
      ["large", WORDS.large, at(d.large)], ["small", WORDS.small, at(d.small)], ["saved", WORDS.saved, at(d.saved)],
      ["baseline", "All-large", sum(d.large, d.small, d.saved)],
    ], "money"),
    series: [
      column(WORDS.large, d.large, { color: c.large }),
      column(WORDS.small, d.small, { color: c.small }),
      column(WORDS.saved, d.saved, { color: fade(c.saved, 0.09), borderRadius: [3, 3, 0, 0], decal: hatch(fade(c.saved, 0.38)) }),
    ],
  }),
  queries: (c, d) => ({
    ...frame(c, d.labels, "count", { y: { minInterval: 1 } }),
    tooltip: tooltip(c, [["small", WORDS.small, at(d.small)], ["large", WORDS.large, at(d.large)]], "count"),
    series: [column(WORDS.small, d.small, { color: c.small }), column(WORDS.large, d.large, { color: c.large, borderRadius: [2, 2, 0, 0] })],
  }),
  share: (c, d) => {
    const part = (list) => list.map((value, i) => (d.small[i] + d.large[i] ? (100 * value) / (d.small[i] + d.large[i]) : null));
    const rows = [["small", part(d.small)], ["large", part(d.large)]];
    return {
      ...frame(c, d.labels, "percent", { x: { boundaryGap: false }, y: { max: 100, splitNumber: 2 } }),
      tooltip: tooltip(c, rows.map(([mark, list]) => [mark, WORDS[mark], at(list)]), "percent"),
      series: rows.map(([mark, list]) => ({
        name: WORDS[mark], type: "line", stack: "all", data: list, symbol: "none", lineStyle: { width: 1, color: c.surface },
        areaStyle: { color: c[mark], opacity: 1 }, itemStyle: { color: c[mark] },
      })),
    };
  },
  line: (c, d) => ({
    ...frame(c, d.labels, d.unit, { x: { boundaryGap: false }, y: { splitNumber: 2 } }),
    tooltip: tooltip(c, [["spent", d.name, at(d.values)]], d.unit),
    series: [{
      name: d.name, type: "line", data: d.values, symbol: "none", lineStyle: { color: c.ink, width: 1.75 },
      itemStyle: { color: c.ink }, areaStyle: { color: c.ink, opacity: 0.05 },
    }],
  }),
  bars: (c, d) => ({
    ...frame(c, d.labels, d.unit, { y: { splitNumber: 2 } }),
    tooltip: tooltip(c, [[d.mark ?? "spent", d.name, at(d.values)]], d.unit),
    series: [column(d.name, d.values, { color: c[d.mark] ?? c.muted, borderRadius: [2, 2, 0, 0] })],
  }),
  mix: (c, d) => ({
    animationDuration: 350, textStyle: font(),
    series: [{
      type: "pie", radius: ["62%", "92%"], label: { show: false }, silent: true, padAngle: 1, emptyCircleStyle: { color: c.line },
      data: d.parts.map((part) => ({ name: part.name, value: part.value, itemStyle: { color: c[part.mark] } })),
    }],
  }),
  spark: (c, d) => ({
    animation: false, grid: { left: 1, right: 1, top: 2, bottom: 2 }, yAxis: { type: "value", show: false, min: 0 },
    xAxis: { type: "category", show: false, data: d.values.map((_, i) => i), boundaryGap: false },
    series: [{ type: "line", data: d.values, symbol: "none", lineStyle: { color: c.muted, width: 1.5 } }],
  }),
};

/* The same figures as a table, for whoever prefers to read them. */
function columns(kind, d) {
  if (kind === "spend") return [["Large models", d.large, "money"], ["Small models", d.small, "money"], ["Saved", d.saved, "money"]];
  if (kind === "queries" || kind === "share") return [["Small models", d.small, "count"], ["Large models", d.large, "count"]];
  if (kind === "line" || kind === "bars") return [[d.name, d.values, d.unit]];
  return null;
}
function cell(tag, text, css) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (css) element.className = css;
  return element;
}
function rowOf(...cells) {
  const row = document.createElement("tr");
  row.append(...cells);
  return row;
}
function tableOf(d, wanted) {
  const table = cell("table", "", "o-table o-table-flat");
  table.createTHead().append(rowOf(cell("th", d.period ?? "Day"), ...wanted.map(([name]) => cell("th", name, "r"))));
  const shown = (list, unit, i) => (list[i] === null ? "–" : UNITS[unit](list[i]));
  table.createTBody().append(
    ...d.labels.map((label, i) => rowOf(cell("td", label), ...wanted.map(([, list, unit]) => cell("td", shown(list, unit, i), "r")))),
  );
  return table;
}
function asTable(element, kind, d) {
  const wanted = columns(kind, d);
  if (!wanted || "noTable" in element.dataset) return;
  const scroll = cell("div", "", "o-table-scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "The chart's figures");
  scroll.append(tableOf(d, wanted));
  const details = cell("details", "", "o-astable");
  details.append(cell("summary", "Show as table"), scroll);
  const old = element.nextElementSibling?.matches(".o-astable") ? element.nextElementSibling : null;
  if (!old) return element.after(details);
  details.open = old.open;
  old.replaceWith(details);
}

const made = new Map();

async function figures(element) {
  if (element.dataset.url) return (await fetch(element.dataset.url, { headers: { Accept: "application/json" } })).json();
  return JSON.parse(document.getElementById(element.dataset.source).textContent);
}
function paint(element) {
  const { chart, data } = made.get(element);
  chart.setOption({ ...KINDS[element.dataset.chart](palette(), data), aria: { enabled: true, label: { enabled: false } } }, true);
}

/* Draw one chart, or draw it again with new figures. */
export async function draw(element, data) {
  const fresh = data ?? (await figures(element));
  if (made.has(element)) {
    made.get(element).data = fresh;
  } else {
    const chart = window.echarts.init(element, null, { renderer: "canvas" });
    new ResizeObserver(() => chart.resize()).observe(element);
    made.set(element, { chart, data: fresh });
  }
  paint(element);
  asTable(element, element.dataset.chart, fresh);
}

/* Draw what is under `root` and let go of what has left the page. */
export function drawAll(root = document) {
  for (const [element, { chart }] of made) {
    if (element.isConnected) continue;
    chart.dispose();
    made.delete(element);
  }
  for (const element of root.querySelectorAll("[data-chart]")) {
    draw(element).catch((error) => {
      console.error(error);
      element.replaceChildren(cell("p", "The chart could not be drawn.", "o-note o-note-error"));
    });
  }
}

document.addEventListener("theme", () => { for (const element of made.keys()) paint(element); });
document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
(document.fonts?.ready ?? Promise.resolve()).then(() => drawAll());
