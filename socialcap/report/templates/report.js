"use strict";

const known = JSON.parse(document.getElementById("known").textContent);
const status = document.querySelector(".status");
const reports = [...document.querySelectorAll(".report")];

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const shown = () => reports.find((report) => !report.hidden);

let forgetting;
function say(message) {
  clearTimeout(forgetting);
  status.textContent = message;
  forgetting = setTimeout(() => { status.textContent = ""; }, 4000);
}

// --- languages -------------------------------------------------------------------------------------------

const twin = (id, lang) => document.getElementById(id.replace(/-[a-z]+$/, "-" + lang));

/** The heading, table or figure at the top of the window, and how far it stands from there. */
function place() {
  const bar = document.querySelector(".bar").offsetHeight;
  const marks = [...shown().querySelectorAll("main [id]")];
  const passed = marks.filter((mark) => mark.getBoundingClientRect().top <= bar + 40).pop();
  return passed && { id: passed.id, top: passed.getBoundingClientRect().top, height: passed.offsetHeight };
}

function show(lang) {
  const before = window.scrollY > 0 ? place() : undefined;
  for (const part of document.querySelectorAll("[data-lang]")) part.hidden = part.dataset.lang !== lang;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === lang));
  }
  const report = shown();
  document.documentElement.lang = report.lang;
  document.title = report.querySelector("h1").textContent;
  if (location.hash.length > 1) {
    const target = twin(location.hash.slice(1), lang);
    if (target) history.replaceState(null, "", "#" + target.id);
  }
  const target = before && twin(before.id, lang);
  if (target) {
    const same = before.top < 0 ? target.offsetHeight / before.height : 1;
    window.scrollBy({ top: target.getBoundingClientRect().top - before.top * same, behavior: "instant" });
  }
}

for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => show(button.dataset.show));
}

/** An address that points into a language not shown shows it. */
function follow() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const report = target && target.closest(".report");
  if (report && report.hidden) {
    show(report.dataset.lang);
    target.scrollIntoView();
  }
}
window.addEventListener("hashchange", follow);
follow();

// --- contents --------------------------------------------------------------------------------------------

const wide = window.matchMedia("(min-width: 66rem)");
const contents = [...document.querySelectorAll("nav details")];
function fold() {
  for (const list of contents) list.open = wide.matches;
}
wide.addEventListener("change", fold);
fold();

for (const list of contents) {
  list.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) list.open = false;
  });
}

const links = new Map();
for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link);
let current;
let waiting = false;
function mark() {
  waiting = false;
  const passed = [...shown().querySelectorAll("h2, h3")].filter((heading) => heading.getBoundingClientRect().top < 160);
  const link = passed.length ? links.get(passed[passed.length - 1].id) : undefined;
  if (link === current) return;
  if (current) current.removeAttribute("aria-current");
  if (link) link.setAttribute("aria-current", "true");
  current = link;
}
window.addEventListener("scroll", () => {
  if (!waiting) requestAnimationFrame(mark);
  waiting = true;
}, { passive: true });
mark();

// --- tables ----------------------------------------------------------------------------------------------

/** One table as the script sees it: rows in their own order, with the number behind each cell. */
class DataTable {
  constructor(box) {
    this.name = box.dataset.name;
    this.key = box.dataset.table;
    this.table = box.querySelector("table");
    this.body = this.table.tBodies[0];
    this.headings = [...this.table.tHead.rows[0].cells].map((cell) => cell.textContent);
    this.rows = [...this.body.rows].map((element, index) => ({ element, index }));
    const report = box.closest(".report");
    this.lang = report.lang;
    this.words = known.words[report.dataset.lang];
    this.signs = known.latex[report.dataset.lang];
    Object.assign(this, known.tables[this.key]);
    this.box = box;
  }

  /** The number of a cell; "" where it is missing, null where the cell is words. */
  number(row, column) {
    const numbers = this.numbers[column];
    return numbers ? numbers[row.index] : null;
  }

  text(row, column) {
    return row.element.cells[column].textContent;
  }

  /** Rows with those that go with them: a row without a label belongs to the row above. */
  groups() {
    const groups = [];
    for (const row of this.rows) {
      if (groups.length && !this.text(row, 0)) groups[groups.length - 1].push(row);
      else groups.push([row]);
    }
    return groups;
  }

  /** Puts the rows in the order of a column; words and missing numbers stand last either way. */
  sort(column, direction) {
    const collator = new Intl.Collator(this.lang, { numeric: true });
    const value = ([row]) => {
      if (!this.numbers[column]) return this.text(row, column) || null;
      const number = this.number(row, column);
      return number === null || number === "" ? null : Number(number);
    };
    const compare = this.numbers[column] ? (a, b) => (a < b ? -1 : Number(a > b)) : collator.compare;
    const sign = direction === "descending" ? -1 : 1;
    const groups = this.groups();
    if (direction) {
      groups.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === null || y === null) return Number(x === null) - Number(y === null);
        return sign * compare(x, y);
      });
    }
    this.body.append(...groups.flat().map((row) => row.element));
    [...this.table.tHead.rows[0].cells].forEach((cell, index) => {
      if (direction && index === column) cell.setAttribute("aria-sort", direction);
      else cell.removeAttribute("aria-sort");
    });
    say(fill(this.words[direction || "restored"], { table: this.name, column: this.headings[column] }));
  }

  /** The rows as they stand on the page now. */
  standing() {
    const places = new Map([...this.body.rows].map((element, index) => [element, index]));
    return [...this.rows].sort((a, b) => places.get(a.element) - places.get(b.element));
  }

  /** Numbers in full, for calculating; stars in columns of their own, so that numbers stay numbers. */
  csv() {
    const lines = [this.headings.flatMap((heading, c) => this.stars.includes(c)
      ? [heading, fill(this.words.stars, { column: heading })] : [heading])];
    for (const row of this.standing()) {
      lines.push(this.headings.flatMap((_, c) => {
        const number = this.number(row, c);
        const text = this.text(row, c);
        const cell = number === null ? harmless(text) : String(number);
        return this.stars.includes(c) ? [cell, number === null ? "" : /\**$/.exec(text)[0]] : [cell];
      }));
    }
    return lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  }

  /** The table as it is printed, for a paper that loads booktabs. */
  latex() {
    const sides = this.headings.map((_, c) => (c === 0 || this.table.tHead.rows[0].cells[c].className === "l" ? "l" : "r"));
    const source = (text) => escaped(text, this.signs);
    const line = (cells) => "    " + cells.join(" & ") + " \\\\";
    const rows = this.standing().map((row) => line([...row.element.cells].map((cell) => {
      const text = source(cell.textContent);
      return cell.querySelector("strong") ? "\\textbf{" + text + "}" : text;
    })));
    const notes = [...this.box.querySelectorAll(".notes")].map((note) => source(note.textContent));
    return [
      "% \\usepackage{booktabs}",
      "\\begin{table}[htbp]",
      "  \\centering",
      "  \\caption{" + source(this.table.querySelector(".caption i").textContent) + "}",
      "  \\label{tab:" + this.key + "}",
      "  \\begin{tabular}{" + sides.join("") + "}",
      "    \\toprule",
      line(this.headings.map(source)),
      "    \\midrule",
      ...rows,
      "    \\bottomrule",
      "  \\end{tabular}",
      ...(notes.length ? ["  \\par\\medskip", "  \\parbox{\\linewidth}{\\footnotesize " + notes.join("\\\\ ") + "}"] : []),
      "\\end{table}",
      "",
    ].join("\n");
  }
}

const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);

/** Words that a spreadsheet would run as a formula are kept words by an apostrophe. */
const harmless = (text) => (/^[=+\-@\t\r]/.test(text) ? "'" + text : text);

/** Text as LaTeX source; two hyphens or apostrophes must not melt into one sign. */
function escaped(text, signs) {
  return [...text].map((character, i, all) => {
    const melts = character === all[i - 1] && "-',".includes(character);
    return (melts ? "{}" : "") + (signs[character] ?? character);
  }).join("");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** For pages opened from a file, where a browser may keep its clipboard closed. */
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "clipboard";
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused.focus();
  return done;
}

function copyButton(table, format, written) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = format;
  button.setAttribute("aria-label", fill(table.words.copy, { table: table.name, format }));
  button.addEventListener("click", async () => {
    const done = await copy(written());
    say(done ? fill(table.words.copied, { table: table.name, format }) : table.words.refused);
  });
  return button;
}

function sortButton(table, column) {
  const cell = table.table.tHead.rows[0].cells[column];
  const button = document.createElement("button");
  button.type = "button";
  button.title = table.words.sort;
  button.append(...cell.childNodes);
  cell.append(button);
  button.addEventListener("click", () => {
    const next = { ascending: "descending", descending: undefined };
    const now = cell.getAttribute("aria-sort");
    table.sort(column, now ? next[now] : "ascending");
  });
}

for (const box of document.querySelectorAll(".table")) {
  const table = new DataTable(box);
  for (const column of table.sort_by) sortButton(table, column);
  const tools = document.createElement("div");
  tools.className = "copy";
  tools.append(
    table.words.copyAs,
    copyButton(table, "CSV", () => table.csv()),
    copyButton(table, "LaTeX", () => table.latex()),
  );
  box.append(tools);
}
