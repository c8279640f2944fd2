"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)");
  const plots = [...document.querySelectorAll(".plot")].map((box) => ({
    box,
    task: box.dataset.task,
    figure: data.tasks[Number(box.dataset.task)][Number(box.dataset.figure)],
  }));

  const chips = (task) => [...document.querySelectorAll(`.chips[data-task="${task}"] [data-method]`)];
  const hidden = (task) =>
    new Set(chips(task).filter((c) => c.getAttribute("aria-pressed") === "false").map((c) => c.dataset.method));

  // The figures are stored in the colours for a light page; every colour has one partner on dark.
  const themed = (value) => {
    if (Array.isArray(value)) return value.map(themed);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item)]));
    }
    if (typeof value !== "string" || !darkScheme.matches || value[0] !== "#") return value;
    const dark = data.dark[value.slice(0, 7)];
    return dark ? dark + value.slice(7) : value;
  };

  const patched = (layout, changes) => {
    const copy = structuredClone(layout);
    for (const [path, value] of Object.entries(changes)) {
      const keys = path.split(".");
      const last = keys.pop();
      keys.reduce((node, key) => (node[key] ??= {}), copy)[last] = value;
    }
    return copy;
  };

  const drawing = (plot) => {
    const off = hidden(plot.task);
    const shown = plot.figure.data.map((trace) => ({ ...trace, visible: !off.has(trace.legendgroup) }));
    const narrow = plot.box.clientWidth < 560;
    const layout = narrow ? patched(plot.figure.layout, plot.figure.narrow) : plot.figure.layout;
    return { data: themed(shown), layout: themed(layout) };
  };

  const draw = async (plot) => {
    const { data: traces, layout } = drawing(plot);
    // The page has the title and one legend for all figures; an exported figure keeps its own.
    // The width is given: without one plotly keeps that of the first drawing when the page narrows.
    const width = plot.box.clientWidth;
    const onPage = { ...layout, width, showlegend: false, margin: { ...layout.margin, t: 26 }, title: undefined };
    if (coarse.matches) onPage.dragmode = false; // a finger on a figure scrolls the page
    const config = {
      responsive: false,
      displaylogo: false,
      displayModeBar: coarse.matches ? false : "hover",
      // Named one by one: the default bar has a button that sends the figure to a server.
      modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]],
    };
    await Plotly.react(plot.box, traces, onPage, config);
    plot.width = width;
    plot.box.classList.add("drawn");
  };

  const redraw = async (some) => {
    for (const plot of some) {
      await draw(plot);
      await new Promise((next) => setTimeout(next)); // leaves the page responsive in between
    }
  };

  const save = (text, name, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  const inflated = (packed) => {
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };

  const exportFigure = async (plot, format) => {
    if (format === "csv") return save(await inflated(plot.figure.csv), `${plot.figure.file}.csv`, "text/csv");
    const { data: traces } = drawing(plot);
    const layout = themed(plot.figure.layout);
    const size = { width: 1100, height: Math.max(layout.height, 480) };
    const options = { format, filename: plot.figure.file, scale: format === "png" ? 2 : 1, ...size };
    return Plotly.downloadImage({ data: traces, layout: { ...layout, ...size } }, options);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { method, all, format, copy } = button.dataset;
    if (copy !== undefined) {
      const code = button.previousElementSibling;
      const done = () => { button.textContent = "Copied"; };
      const select = () => getSelection().selectAllChildren(code);
      navigator.clipboard ? navigator.clipboard.writeText(code.textContent).then(done, select) : select();
    } else if (format !== undefined) {
      exportFigure(plots.find((plot) => plot.box.id === button.dataset.plot), format);
    } else if (method !== undefined || all !== undefined) {
      const task = button.parentElement.dataset.task;
      if (method !== undefined) {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") === "false"));
      } else {
        for (const chip of chips(task)) chip.setAttribute("aria-pressed", String(all === "all" || "first" in chip.dataset));
      }
      redraw(plots.filter((plot) => plot.task === task));
    }
  });

  const loadPlotly = async () => {
    const script = document.createElement("script");
    script.nonce = byId("page-script").nonce;
    script.textContent = await inflated(byId("plotly").textContent);
    document.head.append(script);
    if (!window.Plotly) throw new Error("the drawing library did not load");
  };

  const start = async () => {
    try {
      await loadPlotly();
      await redraw(plots);
    } catch (error) {
      for (const plot of plots.filter((each) => !each.box.classList.contains("drawn"))) {
        plot.box.textContent = `This figure could not be drawn in this browser (${error.message}). Its data lie in the records folder.`;
      }
    }
    darkScheme.addEventListener("change", () => redraw(plots));
    let waiting;
    addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => redraw(plots.filter((plot) => plot.width !== plot.box.clientWidth)), 150);
    });
  };
  start();
})();
