// A calendar that takes iTIP messages: plays several deliveries of the same files in different
// orders and prints the state that each ends with. Usage: node play_calendar.mjs PLAN.json, where
// the plan is {"files": [path, …], "deliveries": [[index, …], …]}.
//
// RFC 5546 section 2.1.5: of two messages of one UID the higher SEQUENCE counts, and with equal
// SEQUENCE the later DTSTAMP. A cancelled event stays known, so that a late copy cannot revive it.

import { readFileSync } from "node:fs";

import ICAL from "ical.js";

const plan = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const messages = plan.files.map((path) => {
  const calendar = new ICAL.Component(ICAL.parse(readFileSync(path, "utf-8")));
  const event = calendar.getFirstSubcomponent("vevent");
  return {
    method: calendar.getFirstPropertyValue("method"),
    uid: event.getFirstPropertyValue("uid"),
    sequence: event.getFirstPropertyValue("sequence"),
    stamp: event.getFirstPropertyValue("dtstamp").toUnixTime(),
    start: event.getFirstPropertyValue("dtstart").toString(),
  };
});

process.stdout.write(JSON.stringify(plan.deliveries.map(play)));

function play(order) {
  const events = {};
  for (const message of order.map((index) => messages[index])) {
    const known = events[message.uid];
    if (known && !isNewer(message, known)) continue;
    events[message.uid] = message;
  }
  return Object.values(events).map(({ uid, sequence, method, start }) => ({
    uid,
    sequence,
    cancelled: method === "CANCEL",
    start,
  }));
}

function isNewer(message, known) {
  if (message.sequence !== known.sequence) return message.sequence > known.sequence;
  return message.stamp > known.stamp;
}
