// Reads .ics files with ical.js (Thunderbird's parser) and node-ical, and prints what each says.
// Usage: node read_with_node.mjs FILE_LIST.json, a JSON list of paths; prints a JSON list of
// {"ical.js": event, "node-ical": event}, times in UTC.

import { readFileSync } from "node:fs";

import ICAL from "ical.js";
import nodeIcal from "node-ical";

const paths = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const found = paths.map((path) => {
  const text = readFileSync(path, "utf-8");
  return { "ical.js": withIcalJs(text), "node-ical": withNodeIcal(text) };
});
process.stdout.write(JSON.stringify(found));

function withIcalJs(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const components = calendar.getAllSubcomponents("vevent");
  if (components.length !== 1) throw new Error("not exactly one event");
  const event = new ICAL.Event(components[0]);
  const [attendee, ...others] = event.attendees;
  if (others.length) throw new Error("more than one attendee");
  const organizer = components[0].getFirstProperty("organizer");
  return {
    method: calendar.getFirstPropertyValue("method"),
    uid: event.uid,
    sequence: event.sequence,
    status: components[0].getFirstPropertyValue("status"),
    start: icalJsTime(event.startDate),
    end: icalJsTime(event.endDate),
    summary: event.summary,
    description: event.description ?? "",
    location: event.location ?? "",
    organizer: organizer.getFirstValue(),
    attendee: attendee.getFirstValue(),
    attendee_name: attendee.getParameter("cn") ?? "",
  };
}

function icalJsTime(time) {
  if (time.isDate) return time.toString();
  if (time.zone !== ICAL.Timezone.utcTimezone) throw new Error("not in UTC");
  return time.toJSDate().toISOString();
}

function withNodeIcal(text) {
  const parsed = Object.values(nodeIcal.sync.parseICS(text));
  const events = parsed.filter((item) => item.type === "VEVENT");
  if (events.length !== 1) throw new Error("not exactly one event");
  const [event] = events;
  return {
    method: event.method,
    uid: event.uid,
    sequence: Number(event.sequence),
    status: event.status,
    start: nodeIcalTime(event.start),
    end: nodeIcalTime(event.end),
    summary: plain(event.summary),
    description: plain(event.description),
    location: plain(event.location),
    organizer: plain(event.organizer),
    attendee: plain(event.attendee),
    attendee_name: event.attendee.params.CN ?? "",
  };
}

function nodeIcalTime(time) {
  if (!time.dateOnly) return time.toISOString();
  const two = (number) => String(number).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

function plain(value) {
  if (value === undefined) return "";
  return typeof value === "object" ? value.val : value;
}
