"use strict";
const buttons = document.querySelectorAll("[data-set-lang]");
function show(lang) {
  document.querySelectorAll("main").forEach((main) => { main.hidden = !main.classList.contains("lang-" + lang); });
  buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.setLang === lang)));
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.lang = lang;
  const heading = document.querySelector("main:not([hidden]) h1");
  if (heading) document.title = heading.textContent;
}
buttons.forEach((button) => button.addEventListener("click", () => show(button.dataset.setLang)));
