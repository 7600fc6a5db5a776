// When a calendar says that its owner is busy, by ical.js: another parser, other recurrences, other time zones.
// stdin: a calendar; arguments: from and until in seconds since 1970, the owner's address. stdout: JSON
// [[from, until, uid]], a time that is in no zone as "2026-12-04T10:00:00".
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const [first, last, owner] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const root = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of root.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(new ICAL.Timezone(zone));

const series = new Map();
for (const component of root.getAllSubcomponents("vevent")) {
  const uid = component.getFirstPropertyValue("uid");
  if (!series.has(uid)) series.set(uid, []);
  series.get(uid).push(component);
}
const found = [];
for (const components of series.values()) {
  const masters = components.filter((one) => !one.hasProperty("recurrence-id"));
  const exceptions = components.filter((one) => one.hasProperty("recurrence-id"));
  if (masters.length !== 1) throw new Error("an event is there once, with its exceptions");
  const event = new ICAL.Event(masters[0], { exceptions, strictExceptions: false });
  if (!event.isRecurring()) {
    add(event, event.startDate, event.endDate);
    continue;
  }
  const steps = event.iterator();
  for (let next = steps.next(), count = 0; next && count < 100000; next = steps.next(), count += 1) {
    if (roughly(next) > last + 40 * 86400) break; // exceptions are moved by less than that
    const details = event.getOccurrenceDetails(next);
    add(details.item, details.startDate, details.endDate);
  }
}
process.stdout.write(JSON.stringify(found));

function add(event, start, end) {
  const component = event.component;
  const value = (name) => String(component.getFirstPropertyValue(name) ?? "").toUpperCase();
  if (value("transp") === "TRANSPARENT" || value("status") === "CANCELLED") return;
  const declined = component.getAllProperties("attendee").some(
    (one) => String(one.getFirstValue()).toLowerCase() === `mailto:${owner}` && one.getParameter("partstat") === "DECLINED",
  );
  if (declined || roughly(end) < first - 2 * 86400 || roughly(start) > last + 2 * 86400) return;
  found.push([moment(start), moment(end), event.uid]);
}

function roughly(time) {
  return time.toUnixTime();
}

function moment(time) {
  if (time.isDate) return `${time.toString()}T00:00:00`;
  return time.zone === ICAL.Timezone.localTimezone ? time.toString() : time.toUnixTime();
}
