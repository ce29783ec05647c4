// A click on a column's head, or Enter there, sorts the table's rows by it.
document.addEventListener("DOMContentLoaded", () => {
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.firstChild?.textContent.trim() ?? "";
  };
  const number = (text) => Number(text.replaceAll(",", ""));
  const sort = (head) => {
    const body = head.closest("table").tBodies[0];
    const column = head.cellIndex;
    const falling = head.ariaSort === "ascending";
    const rows = [...body.rows].filter((row) => row !== head.parentElement);
    const numeric = rows.every((row) => value(row, column) === "" || value(row, column) === "–" || !Number.isNaN(number(value(row, column))));
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      const order = numeric ? (number(x) || 0) - (number(y) || 0) : x.localeCompare(y);
      return falling ? -order : order;
    });
    for (const other of head.parentElement.cells) other.ariaSort = null;
    head.ariaSort = falling ? "descending" : "ascending";
    body.append(...rows);
  };
  // A long table shows the rows that have a text.
  const filtered = (table) => {
    const rows = [...table.tBodies[0].rows].slice(1);
    const input = Object.assign(document.createElement("input"), { type: "search" });
    const label = document.createElement("label");
    label.className = "filter";
    label.append(`${document.documentElement.dataset.filter} `, input);
    (table.closest(".scroll") ?? table).before(label);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words);
    });
  };
  for (const table of document.querySelectorAll("table")) if (table.rows.length > 15) filtered(table);
  for (const head of document.querySelectorAll("th")) {
    const body = head.closest("table").tBodies[0];
    if (head.parentElement !== body.rows[0] || body.rows.length < 3) continue;
    if ([...body.rows].some((row) => row.cells.length !== head.parentElement.cells.length)) continue;
    head.tabIndex = 0;
    head.addEventListener("click", () => sort(head));
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(head); });
  }
});
