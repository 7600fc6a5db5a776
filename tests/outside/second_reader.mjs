// Reads mails and calendar files, one a line as JSON, and answers each with a line: what nodemailer's mailparser, or
// ical.js, finds in it. The first argument is the folder of node_modules.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const { simpleParser } = require("mailparser");
const ICAL = require("ical.js").default ?? require("ical.js");

const people = (header) =>
  [header ?? []].flat().flatMap((one) => one.value).map(({ name, address, group }) => [name, address ?? "", group ?? null]);

async function mail(bytes) {
  const options = { keepCidLinks: true, skipTextToHtml: true, skipHtmlToText: true, skipTextLinks: true };
  const read = await simpleParser(bytes, options);
  return {
    headers: read.headerLines.map(({ key }) => key),
    from: people(read.from),
    to: people(read.to),
    reply_to: people(read.replyTo),
    others: [...people(read.cc), ...people(read.bcc)],
    subject: read.subject ?? "",
    message_id: read.messageId ?? null,
    text: read.text ?? "",
    html: read.html || "",
    parts: read.attachments.map((part) => ({
      type: part.contentType,
      parameters: part.headers.get("content-type")?.params ?? {},
      disposition: part.contentDisposition ?? null,
      file_name: part.filename ?? null,
      cid: part.cid ?? null,
      related: part.related ?? false,
      content: part.content.toString("base64"),
    })),
  };
}

function calendar(bytes) {
  const component = new ICAL.Component(ICAL.parse(bytes.toString("utf8")));
  const event = (one) => ({
    properties: one.getAllProperties().map(({ name }) => name).sort(),
    inside: one.getAllSubcomponents().map(({ name }) => name),
    uid: one.getFirstPropertyValue("uid"),
    summary: one.getFirstPropertyValue("summary"),
    location: one.getFirstPropertyValue("location"),
    description: one.getFirstPropertyValue("description"),
    status: one.getFirstPropertyValue("status"),
    sequence: one.getFirstPropertyValue("sequence"),
    start: one.getFirstPropertyValue("dtstart").toJSDate().toISOString(),
    end: one.getFirstPropertyValue("dtend").toJSDate().toISOString(),
  });
  return {
    properties: component.getAllProperties().map(({ name }) => name).sort(),
    method: component.getFirstPropertyValue("method"),
    components: component.getAllSubcomponents().map(({ name }) => name),
    events: component.getAllSubcomponents("vevent").map(event),
  };
}

const read = { mail, calendar };
for await (const line of createInterface({ input: process.stdin })) {
  const [kind, content] = JSON.parse(line);
  console.log(JSON.stringify(await read[kind](Buffer.from(content, "base64"))));
}
