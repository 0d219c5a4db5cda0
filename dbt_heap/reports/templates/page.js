"use strict";
// Sorting and filtering; without it the page says the same.
const table = document.getElementById("table");
if (table) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const key = (row, place) => row.cells[place].dataset.key ?? row.cells[place].textContent.trim().toLowerCase();
  const compare = (a, b) => (a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b));

  for (const [place, head] of Array.from(table.tHead.rows[0].cells).entries()) {
    if (head.dataset.none !== undefined) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = rows.slice().sort((a, b) => compare(key(a, place), key(b, place)));
      body.append(...(down ? sorted.reverse() : sorted));
    });
  }

  const filter = document.querySelector(".filter");
  filter.hidden = false;
  filter.querySelector("input").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
