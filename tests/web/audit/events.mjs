// The events of a calendar on stdin, by ical.js: [{uid, start, end, status, sequence, summary, method}] on stdout.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const root = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
const found = root.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  return {
    uid: event.uid,
    start: event.startDate.toUnixTime(),
    end: event.endDate.toUnixTime(),
    status: component.getFirstPropertyValue("status"),
    sequence: event.sequence,
    summary: event.summary,
    description: event.description,
    location: event.location,
  };
});
const name = root.getFirstPropertyValue("x-wr-calname");
process.stdout.write(JSON.stringify({ name, method: root.getFirstPropertyValue("method"), events: found }));
