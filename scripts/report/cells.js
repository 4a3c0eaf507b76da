// Runs in the page: moves between the cells of the matrix by keys, and shows what is known of one.
(() => {
  const grid = document.querySelector(".grid");
  const panel = document.getElementById("details");
  const attention = document.getElementById("attention");
  let data;
  let current;

  const element = (name, content, className) => {
    const made = document.createElement(name);
    if (className !== undefined) made.className = className;
    made.append(...[content].flat().filter((part) => part !== undefined));
    return made;
  };
  const fold = (summary, content, open) => {
    const made = element("details", [element("summary", summary), content]);
    made.open = open;
    return made;
  };
  const terms = (pairs) =>
    element(
      "dl",
      pairs.filter(([, how]) => how !== undefined).flatMap(([what, how]) => [
        element("dt", what),
        element("dd", how),
      ]),
    );

  // A line that is too long goes on below, further in.
  const lines = (text) =>
    element("pre", text.split("\n").map((line) => element("span", line)), "lines");

  const failureNodes = (failure) =>
    [
      terms([["Wanted", failure.wanted], ["Got", failure.got]]),
      failure.text && element("pre", failure.text, "wrapped"),
      failure.code && fold(failure.where ?? "Code", element("pre", failure.code), true),
      failure.registers && fold("Registers", element("pre", failure.registers), false),
      failure.exits &&
      fold("Exits and answers until then", lines(failure.exits), true),
    ].filter(Boolean);

  const executionNode = (evidence, milliseconds) => {
    const { execution, verdict, reason, deviation, failure, guest } = evidence;
    const words = verdict.replaceAll("-", " ");
    const facts = element("div", [
      element("h4", [
        `${execution}: `,
        element("span", words, `badge ${verdict}`),
        element("small", ` ${milliseconds} ms`),
      ]),
      terms([
        ["Why", reason],
        ["Deviation", deviation?.id],
        ["Seen", deviation?.evidence],
        ["Cause", deviation?.cause],
      ]),
      ...(failure === undefined ? [] : failureNodes(failure)),
    ]);
    if (guest === undefined) return element("section", facts);
    const [listing, exits] = guest.map((number) => data.texts[number]);
    return element("section", [
      facts,
      element("div", [
        fold(
          failure === undefined
            ? "A guest's exits, and the answers"
            : "The last guest's exits, and the answers",
          lines(exits),
          true,
        ),
        fold("Its program", element("pre", listing), failure === undefined),
      ]),
    ]);
  };

  const findingNodes = ([path, made, repeat, ...pairs], several) => {
    const nodes = [];
    for (let i = 0; i < pairs.length; i += 2) {
      nodes.push(executionNode(data.evidence[pairs[i]], pairs[i + 1]));
    }
    const from = `${data.texts[path]}, run at ${data.texts[made]}`;
    return [
      several ? element("h4", from) : element("p", from, "faint"),
      element("p", ["To repeat: ", element("code", data.texts[repeat])]),
      ...nodes,
    ];
  };

  const rows = grid === null ? [] : [...grid.querySelectorAll("tr[data-kinds]")];
  const cellAt = (row, column) => rows[row]?.children[column + 1];
  const placeOf = (cell) => [rows.indexOf(cell.parentElement), cell.cellIndex - 1];

  const open = () => !panel.hidden;
  const close = (focus) => {
    panel.hidden = true;
    document.body.classList.remove("with-details");
    history.replaceState(null, "", location.pathname + location.search);
    if (focus) current?.focus();
  };

  const show = (cell) => {
    data ??= JSON.parse(document.getElementById("page-data").textContent);
    const [row, column] = placeOf(cell);
    const { id, sentence, source } = data.clauses[row];
    const { name, about } = data.configurations[column];
    const findings = data.cells[row][column];
    const button = element("button", "Close");
    button.type = "button";
    button.addEventListener("click", () => close(true));
    panel.replaceChildren(
      element("header", [
        element("h3", [
          `${id} on ${name} `,
          element("span", cell.textContent, `badge ${cell.className}`),
        ]),
        button,
      ]),
      element("p", sentence),
      terms([["Source", source], ["Machine", about || undefined]]),
      ...(findings.length === 0
        ? [element("p", "There is no result of this clause here.")]
        : findings.flatMap((finding) => findingNodes(finding, findings.length > 1))),
    );
    panel.hidden = false;
    panel.scrollTop = 0;
    document.body.classList.add("with-details");
    history.replaceState(null, "", `#${id}/${encodeURIComponent(name)}`);
  };

  /** Whether nothing of the matrix is off the screen, or behind the details. */
  const isInPlace = () => {
    const { top, bottom, right } = grid.getBoundingClientRect();
    const details = panel.getBoundingClientRect();
    return top > -1 && (right <= details.left ? bottom <= innerHeight : bottom <= details.top);
  };

  // One cell of the matrix is in the order of the Tab key, the others are reached by arrows.
  const bring = (cell) => {
    cell.focus({ preventScroll: true });
    // The details cover a part of the screen: the matrix goes to the top of the other one.
    if (open() && !isInPlace()) grid.scrollIntoView({ block: "start" });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const choose = (cell) => {
    current?.classList.remove("chosen");
    current?.removeAttribute("tabindex");
    current = cell;
    if (cell === undefined) return;
    cell.tabIndex = 0;
    cell.classList.add("chosen");
  };
  const firstVisible = () => {
    const row = rows.find((each) => !each.hidden);
    return row === undefined ? undefined : [...row.children].slice(1).find(visible);
  };
  // What is hidden has no focus: another cell must have the place in the order of the Tab key.
  const chooseAgain = () => {
    if (current === undefined || !visible(current)) choose(firstVisible());
  };

  // What scrolls must leave room for the head and the clauses, which stay.
  const makeRoom = () => {
    const head = grid.querySelector("thead");
    grid.style.setProperty("--head", `${head.offsetHeight}px`);
    grid.style.setProperty("--side", `${head.firstElementChild.firstElementChild.offsetWidth}px`);
  };

  const visible = (cell) => cell !== undefined && cell.checkVisibility();
  const seek = (row, column, down, right) => {
    do {
      [row, column] = [row + down, column + right];
      if (cellAt(row, column) === undefined || column < 0) return undefined;
    } while (!visible(cellAt(row, column)));
    return cellAt(row, column);
  };
  const ends = (cells) => cells.filter(visible);
  const target = (key, row, column) => {
    const last = rows[row].children.length - 2;
    switch (key) {
      case "ArrowUp":
        return seek(row, column, -1, 0);
      case "ArrowDown":
        return seek(row, column, 1, 0);
      case "ArrowLeft":
        return seek(row, column, 0, -1);
      case "ArrowRight":
        return seek(row, column, 0, 1);
      case "Home":
        return seek(row, -1, 0, 1);
      case "End":
        return seek(row, last + 1, 0, -1);
      case "PageUp":
        return ends(
          rows.slice(Math.max(0, row - 12), row).map((each) => each.children[column + 1]),
        )[0];
      case "PageDown":
        return ends(rows.slice(row + 1, row + 13).map((each) => each.children[column + 1])).at(-1);
    }
  };

  grid?.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (cell === null || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(cell);
      bring(cell);
      panel.focus({ preventScroll: true });
      return;
    }
    const next = target(event.key, ...placeOf(cell));
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    if (open()) show(next);
    bring(next);
  });
  grid?.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell === null) return;
    choose(cell);
    show(cell);
    bring(cell);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && open()) close(true);
  });

  const follow = () => {
    const match = /^#([A-Z]-\d+)\/(.+)$/.exec(location.hash);
    if (match === null) return;
    data ??= JSON.parse(document.getElementById("page-data").textContent);
    const row = data.clauses.findIndex(({ id }) => id === match[1]);
    const column = data.configurations.findIndex((each) =>
      encodeURIComponent(each.name) === match[2]
    );
    const cell = cellAt(row, column);
    if (cell === undefined || column < 0) return;
    if (!visible(cell)) document.getElementById("all").click();
    choose(cell);
    show(cell);
    bring(cell);
  };
  addEventListener("hashchange", follow);

  // Print has no way to open what is folded.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...(attention?.querySelectorAll("details:not([open])") ?? [])];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });

  if (rows.length > 0) {
    grid.addEventListener("filtered", chooseAgain);
    new ResizeObserver(makeRoom).observe(grid.querySelector("thead"));
    makeRoom();
    chooseAgain();
  }
  follow();
})();
