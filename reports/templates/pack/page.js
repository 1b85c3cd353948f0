// One document at a time, tables that are searched and sorted. Without this script the page is whole.
(() => {
  "use strict";
  const sheets = Array.from(document.querySelectorAll("main > .sheet"));
  const links = Array.from(document.querySelectorAll(".masthead nav a"));

  // Rows out of sight have heights that are guessed: once they are seen, look again.
  const show = (place, times) => {
    place.scrollIntoView({ block: place.matches("section") ? "start" : "center" });
    if (times) requestAnimationFrame(() => show(place, times - 1));
  };

  // Which document is open: the one that holds what the address names.
  const open = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const sheet = (wanted && wanted.closest(".sheet")) || sheets[0];
    for (const one of sheets) one.classList.toggle("open", one === sheet);
    for (const link of links) {
      if (link.hash.slice(1) === sheet.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (wanted && wanted !== sheet) show(wanted, 3);
    else scrollTo(0, 0);
  };
  document.documentElement.classList.add("paged");
  addEventListener("hashchange", open);
  open();

  // Search: every word must be in the row; a tone must be among its tones.
  const searchable = (form) => {
    const rows = Array.from(form.parentElement.querySelectorAll("tbody tr"));
    const text = form.querySelector("input");
    const tone = form.querySelector("select");
    const count = form.querySelector("output");
    const folded = new Map();
    const words = (row) => {
      if (!folded.has(row)) folded.set(row, row.textContent.toLowerCase());
      return folded.get(row);
    };
    const apply = () => {
      const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const toned = tone ? tone.value : "";
      let left = 0;
      for (const row of rows) {
        const fits =
          (!toned || (row.dataset.tone || "").split(" ").includes(toned)) &&
          wanted.every((word) => words(row).includes(word));
        row.hidden = !fits;
        left += fits;
      }
      const total = rows.length.toLocaleString("en");
      count.textContent = left === rows.length ? `${total} rows` : `${left.toLocaleString("en")} of ${total} rows`;
    };
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(apply, 60);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    apply();
  };
  document.querySelectorAll("form.filters").forEach(searchable);

  // Sort: up, down, and as it was.
  const order = new Intl.Collator("en", { numeric: true });
  const number = (text) => {
    const found = text.replace(/,/g, "").match(/-?\d+(\.\d+)?(e[-+]?\d+)?/i);
    return found ? Number(found[0]) : Number.NEGATIVE_INFINITY;
  };
  const sortable = (table) => {
    const body = table.tBodies[0];
    const before = Array.from(body.rows);
    const heads = Array.from(table.tHead.rows[0].cells);
    const sort = (index) => {
      const head = heads[index];
      const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
      for (const one of heads) one.removeAttribute("aria-sort");
      const rows = before.slice();
      if (next) {
        head.setAttribute("aria-sort", next);
        const numeric = head.classList.contains("num");
        const keys = new Map(rows.map((row) => {
          const text = row.cells[index].textContent;
          return [row, numeric ? number(text) : text];
        }));
        const compare = numeric ? (a, b) => a - b || 0 : order.compare;
        const way = next === "ascending" ? 1 : -1;
        rows.sort((a, b) => way * compare(keys.get(a), keys.get(b)));
      }
      body.append(...rows);
    };
    heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sort(index));
      head.replaceChildren(button);
    });
  };
  for (const table of document.querySelectorAll(".block table")) if (table.tBodies[0].rows.length > 1) sortable(table);

  // Keys: / goes to the search of the document that is open, Escape empties it.
  addEventListener("keydown", (event) => {
    const field = event.target.closest("input, select, textarea");
    if (event.key === "/" && !field && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const first = document.querySelector(".sheet.open form.filters input");
      if (!first) return;
      event.preventDefault();
      first.focus();
    } else if (event.key === "Escape" && field && field.type === "search") {
      field.value = "";
      field.form.dispatchEvent(new Event("input"));
    }
  });
})();
