"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const entries = [...document.querySelectorAll(".entry")].map((node) => ({
    node,
    verdict: node.dataset.verdict,
    text: null,
  }));
  const said = (number) => number.toLocaleString("en") + (number === 1 ? " person" : " people");

  const holds = (entry, words) => {
    entry.text ??= entry.node.textContent.toLowerCase();
    return words.every((word) => entry.text.includes(word));
  };

  const filter = () => {
    const { verdict, text } = Object.fromEntries(new FormData(form));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const entry of entries) {
      const keep = (!verdict || entry.verdict === verdict) && (!words.length || holds(entry, words));
      entry.node.hidden = !keep;
      number += keep;
    }
    shown.textContent = verdict || words.length
      ? `${number.toLocaleString("en")} of ${said(entries.length)}`
      : said(entries.length);
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
