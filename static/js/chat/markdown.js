/* Markdown while it is being written: paragraphs, headings, lists, code, bold, italics. Elements and text only, never
   HTML; when the answer is complete, the server's rendering takes its place. */

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|\*([^*\s][^*]*?)\*/g;

function inline(parent, text) {
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parent.append(text.slice(at, match.index));
    const element = document.createElement(match[2] !== undefined ? "code" : match[3] !== undefined ? "strong" : "em");
    element.textContent = match[2] ?? match[3] ?? match[4];
    parent.append(element);
    at = match.index + match[0].length;
  }
  parent.append(text.slice(at));
}

function block(tag, text) {
  const element = document.createElement(tag);
  text.split("\n").forEach((line, index) => {
    if (index) element.append(document.createElement("br"));
    inline(element, line);
  });
  return element;
}

/* Draw `text` into `box`; returns the element that holds its end, for the caret. */
export function draw(box, text) {
  box.replaceChildren();
  let list = null;
  let lines = [];
  let end = box;
  const put = (element, holder = element) => { box.append(element); end = holder; };
  const flush = () => { if (lines.length) put(block("p", lines.join("\n"))); lines = []; };
  const rows = text.split("\n");
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index];
    const item = row.match(/^\s*(?:([-*+])|(\d{1,9})[.)])\s+(.*)$/);
    const heading = row.match(/^(#{1,6})\s+(.*)$/);
    if (/^\s*```/.test(row)) {
      flush(); list = null;
      const code = document.createElement("code");
      const body = [];
      while (++index < rows.length && !/^\s*```/.test(rows[index])) body.push(rows[index]);
      code.textContent = body.join("\n");
      const pre = document.createElement("pre");
      pre.append(code);
      put(pre, code);
    } else if (item) {
      flush();
      const tag = item[1] ? "UL" : "OL";
      if (list?.tagName !== tag) {
        list = document.createElement(tag);
        if (item[2] && item[2] !== "1") list.start = Number(item[2]);
        box.append(list);
      }
      const li = block("li", item[3]);
      list.append(li);
      end = li;
    } else if (heading) {
      flush(); list = null;
      put(block(`h${heading[1].length}`, heading[2]));
    } else if (!row.trim()) {
      flush();
      if (rows[index + 1]?.trim() && !/^\s*([-*+]|\d+[.)])\s/.test(rows[index + 1])) list = null;
    } else if (list && /^\s{2,}/.test(row)) {
      list.lastElementChild.append(" ");
      inline(list.lastElementChild, row.trim());
    } else {
      list = null;
      lines.push(row);
    }
  }
  flush();
  return end;
}
