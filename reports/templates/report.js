// The filters of the matrix, and nothing else: without this script the page is whole.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("#matrix tbody tr"));
  const field = (name) => document.getElementById(`filter-${name}`);
  const [text, state, safety, count, none] = ["text", "state", "class", "count", "none"].map(field);
  const folded = new Map();
  const words = (row) => {
    if (!folded.has(row)) folded.set(row, row.textContent.toLowerCase());
    return folded.get(row);
  };
  const apply = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const fits =
        (!state.value || row.dataset.state === state.value) &&
        (!safety.value || row.dataset.class === safety.value) &&
        wanted.every((word) => words(row).includes(word));
      row.hidden = !fits;
      left += fits;
    }
    const total = rows.length.toLocaleString("en");
    count.textContent =
      left === rows.length ? `${total} requirements` : `${left.toLocaleString("en")} of ${total} requirements`;
    none.hidden = left > 0;
  };
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 60);
  });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = rows.length < 2;
  const closed = [];
  addEventListener("beforeprint", () => {
    closed.push(...document.querySelectorAll("details:not([open])"));
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of closed.splice(0)) part.open = false;
  });
})();
