// Runs in the page: hides the rows and columns of the matrix that are not asked for.
(() => {
  const tools = document.getElementById("tools");
  if (tools === null) return;
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const filtered = document.getElementById("filtered");
  const nothing = document.getElementById("nothing");
  const grid = document.querySelector(".grid");
  const rows = [...document.querySelectorAll(".grid tr[data-kinds]")].map((row) => ({
    row,
    kinds: row.dataset.kinds,
    text: `${row.firstElementChild.textContent} ${row.dataset.also}`.toLowerCase(),
  }));
  const chapters = [...document.querySelectorAll(".grid tbody")];
  const count = rows[0].kinds.length;
  const table = document.querySelector(".grid table");
  const sheet = document.head.appendChild(document.createElement("style")).sheet;

  const checked = (name) =>
    [...tools.querySelectorAll(`input[name="${name}"]:checked`)].map(({ value }) => value);
  let hiddenColumns = "";

  /** The columns that are chosen; one configuration has no choice. */
  const columnsShown = () => {
    const all = Array.from({ length: count }, (_, column) => column);
    if (tools.querySelector('input[name="column"]') === null) return all;
    const chosen = new Set(checked("column").map(Number));
    const hidden = all.filter((column) => !chosen.has(column));
    if (hidden.join() !== hiddenColumns) {
      hiddenColumns = hidden.join();
      while (sheet.cssRules.length > 0) sheet.deleteRule(0);
      for (const column of hidden) {
        const nth = `:nth-child(${column + 2})`;
        sheet.insertRule(
          `.grid col${nth}, .grid thead th${nth}, .grid td${nth} { display: none; }`,
        );
      }
    }
    const shown = all.filter((column) => chosen.has(column));
    table.style.setProperty("--columns", shown.length);
    return shown;
  };

  /** What hides rows and columns, in words; paper shows neither the tools nor what they hide. */
  const filterText = (found, columns) => {
    const wanted = [...tools.querySelectorAll('input[name="kind"]:checked')]
      .map(({ dataset }) => dataset.word);
    const by = [
      ...(search.value.trim() === "" ? [] : [`the search for "${search.value.trim()}"`]),
      ...(wanted.length === 0 ? [] : [`a cell that is ${wanted.join(" or ")}`]),
      ...(document.getElementById("differing").checked ? ["configurations that differ"] : []),
    ];
    return [
      ...(by.length === 0
        ? []
        : [`${found} of ${rows.length} clauses, filtered by ${by.join(", ")}`]),
      ...(columns === count ? [] : [`${columns} of ${count} configurations`]),
    ].join("; ");
  };

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const kinds = new Set(checked("kind"));
    const differing = document.getElementById("differing").checked;
    const columns = columnsShown();
    let found = 0;
    for (const { row, kinds: letters, text } of rows) {
      const own = columns.map((column) => letters[column]);
      const matches = words.every((word) => text.includes(word)) &&
        (kinds.size === 0 || own.some((letter) => kinds.has(letter))) &&
        (!differing || new Set(own.filter((letter) => letter !== "n")).size > 1 ||
          own.includes("f"));
      if (matches) found++;
      if (row.hidden === matches) row.hidden = !matches;
    }
    for (const chapter of chapters) {
      const none = chapter.querySelector("tr[data-kinds]:not([hidden])") === null;
      if (chapter.hidden !== none) chapter.hidden = none;
    }
    shown.textContent = `${found} of ${rows.length} clauses`;
    filtered.textContent = filterText(found, columns.length);
    filtered.hidden = filtered.textContent === "";
    nothing.hidden = found > 0;
    grid.dispatchEvent(new Event("filtered"));
  };

  tools.hidden = false;
  tools.addEventListener("input", apply);
  tools.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("all").addEventListener("click", () => {
    tools.reset();
    apply();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, textarea")) return;
    event.preventDefault();
    search.focus();
  });
  // A browser may keep what was chosen before the page was loaded again.
  apply();
})();
