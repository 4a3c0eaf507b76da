// Runs in the page: shows what is known of the MSR that is pointed at, tapped, gone to by the
// arrow keys, or found by its name or index.
(() => {
  const { items, names } = JSON.parse(document.getElementById("page-data").textContent);
  const details = document.getElementById("details");
  const cells = [...document.querySelectorAll(".row i")];
  let chosen;

  const indexOfCell = (cell) => {
    const row = cell.parentElement;
    return Number(row.dataset.first) + [...row.children].indexOf(cell) - 1;
  };
  const cellOf = (index) => {
    for (const row of document.querySelectorAll(".row")) {
      const at = index - Number(row.dataset.first);
      if (at >= 0 && at < row.children.length - 1) return row.children[at + 1];
    }
  };
  const itemOf = (index) => {
    let [low, high] = [0, items.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const item = items[middle];
      if (index < item.first) high = middle - 1;
      else if (index > item.last) low = middle + 1;
      else return item;
    }
  };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className !== undefined) made.className = className;
    return made;
  };
  const show = (index) => {
    const item = itemOf(index);
    if (item === undefined) return;
    const list = document.createElement("dl");
    for (const [what, how] of item.lines) list.append(element("dt", what), element("dd", how));
    const hex = `0x${index.toString(16)}`;
    const name = names[index];
    const title = name === undefined ? hex : `${name} (${hex})`;
    details.replaceChildren(element("h3", title), element("p", item.about, "faint"), list);
    chosen?.classList.remove("chosen");
    chosen = cellOf(index);
    chosen?.classList.add("chosen");
  };
  const goTo = (index) => {
    show(index);
    chosen?.scrollIntoView({ block: "center" });
  };

  // An MSR is narrower than a pixel in the line: the nearest one with a cell is meant.
  const indexInStrip = (strip, x) => {
    const { left, width } = strip.getBoundingClientRect();
    const first = Number(strip.dataset.first);
    const size = Number(strip.dataset.last) - first + 1;
    const at = first + Math.min(size - 1, Math.max(0, Math.floor((x - left) / width * size)));
    const reach = Math.ceil(size / width * 6);
    const near = items.filter((item) =>
      !item.empty && item.first <= at + reach && item.last >= at - reach
    ).map((item) => Math.min(Math.max(at, item.first), item.last));
    return near.sort((a, b) => Math.abs(a - at) - Math.abs(b - at))[0] ?? at;
  };
  const indexAt = ({ target, clientX }) => {
    if (target.matches?.(".row i")) return indexOfCell(target);
    const strip = target.closest?.(".strip");
    return strip ? indexInStrip(strip, clientX) : undefined;
  };

  document.addEventListener("pointermove", (event) => {
    const index = indexAt(event);
    if (index !== undefined) show(index);
  });
  document.addEventListener("click", (event) => {
    const index = indexAt(event);
    if (index === undefined) return;
    if (event.target.closest(".strip")) goTo(index);
    else {
      show(index);
      // On a phone the card of details comes up over the lower part.
      chosen?.scrollIntoView({ block: "nearest" });
    }
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -16, ArrowDown: 16 }[event.key];
    if (step === undefined || !event.target.matches?.(".rows")) return;
    event.preventDefault();
    const from = event.target.contains(chosen) ? cells.indexOf(chosen) + step : cells.indexOf(
      event.target.querySelector("i"),
    );
    const cell = cells[from];
    if (cell === undefined || !event.target.contains(cell)) return;
    show(indexOfCell(cell));
    cell.scrollIntoView({ block: "nearest" });
  });
  document.getElementById("find").addEventListener("input", ({ target }) => {
    const text = target.value.trim().toLowerCase();
    if (text === "") return;
    const number = /^(0x)?[0-9a-f]+$/.test(text) ? parseInt(text, 16) : undefined;
    const named = Object.keys(names).find((index) => names[index].toLowerCase().includes(text));
    // Digits can be part of a name too: 10 is an index first.
    if (number !== undefined && itemOf(number) !== undefined) goTo(number);
    else if (named !== undefined) goTo(Number(named));
  });
})();
