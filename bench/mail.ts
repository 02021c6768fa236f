/**
 * The mail of the benchmark: bodies of 2 to 4 kB of HTML, as customers' mails without quoted threads have them.
 * Invariant: the same number, the same mail. The simulator shares the text between messages; nobody else can tell.
 */
import type { NewMessage } from "m365-mail-daemon/simulator";

const words =
  "order invoice delivery account number question please customer since yesterday arrived parcel contract meter reading refund thanks regards value payment address changed wrong again";
const variants = 64;
const least = 2_000;
const most = 4_000;

const bodies = Array.from({ length: variants }, (_, number) => body(number));

/** Mean characters of a body. */
export const meanBodyLength = Math.round(bodies.reduce((sum, text) => sum + text.length, 0) / variants);

/** The mail of that number. */
export function mail(number: number): NewMessage {
  return { subject: `Case ${number}: a question`, body: { contentType: "html", content: bodies[number % variants] as string } };
}

function body(number: number): string {
  const list = words.split(" ");
  const length = least + Math.floor(((most - least) * number) / (variants - 1));
  let text = "<html><body><p>Good day,</p>";
  for (let at = number; text.length < length - 40; at += 7) {
    text += at % 13 === 0 ? "</p><p>" : `${list[at % list.length]} ${list[(at * 3 + number) % list.length]} `;
  }
  return `${text}</p><p>Kind regards</p></body></html>`;
}
