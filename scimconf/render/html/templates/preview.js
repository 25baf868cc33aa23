"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const entries = [...document.querySelectorAll(".entry")].map((node) => ({
    node,
    outcome: node.dataset.outcome,
    text: null,
  }));
  const label = (number) => number.toLocaleString("en") + (number === 1 ? " user" : " users");

  const matches = (entry, words) => {
    entry.text ??= entry.node.textContent.toLowerCase();
    return words.every((word) => entry.text.includes(word));
  };

  const filter = () => {
    const { outcome, text } = Object.fromEntries(new FormData(form));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const entry of entries) {
      const isMatch = (!outcome || entry.outcome === outcome) && (!words.length || matches(entry, words));
      entry.node.hidden = !isMatch;
      number += isMatch;
    }
    shown.textContent = outcome || words.length
      ? `${number.toLocaleString("en")} of ${label(entries.length)}`
      : label(entries.length);
    nothing.hidden = number > 0;
  };

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());

  form.hidden = false;
  filter();
})();
