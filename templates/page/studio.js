// The pages work without this. It hides the questions that do not apply, and keeps a second tap from posting twice.
"use strict";

const conditional = [...document.querySelectorAll("[data-if]")];

// Whether the earlier question was answered so; undefined where it is typed: then the page's own words say it.
function holds(question) {
  const earlier = [...document.getElementsByName(question.dataset.if)].filter((one) => one.type !== "hidden");
  if (!earlier.every((one) => one.type === "radio" || one.type === "checkbox")) return undefined;
  return earlier.some((one) => one.checked && one.value === question.dataset.equals && !one.closest("[hidden]"));
}

function showWhatApplies() {
  for (const question of conditional) { // in their order: what depends on a hidden one is hidden too
    const asked = holds(question);
    question.hidden = asked === false;
    if (asked !== undefined) question.querySelector(".only-if").hidden = true;
  }
}

if (conditional.length) {
  document.addEventListener("change", showWhatApplies);
  showWhatApplies();
}

document.addEventListener("submit", (event) => {
  const buttons = [...event.target.querySelectorAll("button[type=submit]")];
  if (!buttons.length || event.defaultPrevented || event.target.method === "get") return;
  const said = document.createElement("input"); // what a disabled button says is not sent
  if (event.submitter?.name) {
    Object.assign(said, { type: "hidden", name: event.submitter.name, value: event.submitter.value });
    event.target.append(said);
  }
  for (const button of buttons) button.disabled = true;
  setTimeout(() => { // the connection was lost, or the client stopped it
    said.remove();
    for (const button of buttons) button.disabled = false;
  }, 8000);
});

addEventListener("pageshow", () => { // also when a browser brings the page back as it was left
  for (const button of document.querySelectorAll("button[type=submit]")) button.disabled = false;
  showWhatApplies();
});
