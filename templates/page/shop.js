// The booking site: another day or month without loading the page anew, and the times of the visitor's own clock.
// It works without this, too.
"use strict";

let newest = 0; // of two in a hurry the later one is shown, whichever comes first

async function swap(address, push) {
  const mine = ++newest;
  document.getElementById("picker").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== newest) return;
    document.getElementById("picker").replaceWith(page.getElementById("picker"));
  } catch { // whatever it was: as without a script
    location.assign(address);
    return;
  }
  if (push) history.pushState({ swapped: true }, "", address);
  offerOwnClock();
}

function offerOwnClock() {
  const offer = document.querySelector("[data-zone]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!offer || !zone || zone === offer.dataset.zone) return;
  const link = offer.querySelector("a");
  link.href = offer.dataset.href.replace("zone=", "zone=" + encodeURIComponent(zone));
  link.querySelector("bdi").textContent = zone.replaceAll("_", " ");
  offer.hidden = false;
}

if (document.getElementById("picker")) {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("#picker a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const inMonth = link.closest(".turn");
    const name = link.textContent;
    await swap(link.href, true);
    const same = inMonth && [...document.querySelectorAll("#picker .turn a")].find((one) => one.textContent === name);
    (same || document.getElementById("day"))?.focus({ preventScroll: Boolean(same) });
  });
  addEventListener("popstate", () => swap(location.href, false));
  offerOwnClock();
}
