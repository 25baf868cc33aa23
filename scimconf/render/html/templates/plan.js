"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const total = Number(shown.dataset.total);
  const entries = [...document.querySelectorAll(".entry")].map((node) => ({
    node,
    kind: node.dataset.kind,
    effects: node.dataset.effects.split(" "),
    application: node.closest(".application").dataset.application,
    text: null,
  }));
  const label = (number) => number.toLocaleString("en") + (number === 1 ? " change" : " changes");

  const matches = (entry, words) => {
    entry.text ??= entry.node.textContent.toLowerCase();
    return words.every((word) => entry.text.includes(word));
  };

  const filter = () => {
    const { effect, kind, application, text } = Object.fromEntries(new FormData(form));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const active = Boolean(effect || kind || application || words.length);
    let number = 0;
    const visible = new Set();
    for (const entry of entries) {
      const isMatch =
        (!effect || entry.effects.includes(effect)) &&
        (!kind || entry.kind === kind) &&
        (!application || entry.application === application) &&
        (!words.length || matches(entry, words));
      entry.node.hidden = !isMatch;
      if (isMatch) {
        number += 1;
        visible.add(entry.node.parentElement).add(entry.node.closest(".application"));
      }
    }
    for (const part of document.querySelectorAll(".kind, .application")) part.hidden = active && !visible.has(part);
    shown.textContent = active ? `${number.toLocaleString("en")} of ${label(total)}` : label(total);
    nothing.hidden = number > 0;
  };

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const open = event.target.dataset.open;
    if (open !== undefined) for (const { node } of entries) if (!node.hidden) node.open = Boolean(open);
  });

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const node of closed) node.open = true;
  });
  addEventListener("afterprint", () => {
    for (const node of closed) node.open = false;
  });

  form.hidden = false;
  filter();
})();
