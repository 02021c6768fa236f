/**
 * docs/refusals.md out of the tables of the code: `refusalsPage` is the page, and run as a script this file writes it.
 * The tables are handed in, so that the gate test can hand in its own. Usage: npm run refusals
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * @typedef {import("../src/auth/remedy.js").Remedy} Remedy
 * @typedef {{
 *   readonly numbers: ReadonlyMap<number, Remedy>,
 *   readonly errors: ReadonlyMap<string, Remedy>,
 *   readonly mailbox: readonly (readonly [readonly string[], Remedy])[],
 *   readonly neverByPassword: (serviceCode: string) => boolean,
 * }} Tables  as `knownRefusals()`, `knownErrors()`, `mailboxRefusals` and `neverByPassword` of src/auth give them
 */

const head = `---
title: Refusals
---

# Refusals and what to do

Made from the tables of the code by \`npm run refusals\`; do not edit it by hand.

An error's \`serviceCode\` is \`AADSTS\` with a number of the first column, or Graph's code; \`remedy\`, \`who\` and \`step\` are the other columns. A path of menu words
belongs to the Microsoft Entra admin center (entra.microsoft.com) unless it names another; [the guide](setup-entra.md) has each step at length.
The sign-in that a refusal asks for is always the same: see [Sign in](setup-entra.md#sign-in).
`;

/** @type {readonly { readonly refusalClass: Remedy["class"], readonly title: string, readonly text: string }[]} */
const classes = [
  {
    refusalClass: "person",
    title: "The account needs somebody",
    text: `\`AUTH_SIGN_IN_REQUIRED\`: this queue waits (\`waiting-for-sign-in\`), \`queue:sign-in-required\` is told once, and every other queue runs on.
It goes on as soon as its account is signed in. Where an administrator has to act, it also looks by itself once an hour whether that has been done, but
for sign-in frequency, which ends the sign-in for good.
Numbers marked † can never be passed by the [password method](setup-entra.md#password).`,
  },
  {
    refusalClass: "application",
    title: "The application or the tenant is set up wrongly",
    text: "`AUTH_APP_REFUSED`: it concerns every queue. Entra is asked again after a minute, so that nothing has to be restarted once it is mended.",
  },
  {
    refusalClass: "transient",
    title: "It passes",
    text: "`AUTH_UNAVAILABLE`: tried again with growing pauses, and never before the time that Entra names. No queue waits for a person.",
  },
];

const errorsText = `Where no number is known, the OAuth error decides, and among those of an account the \`suberror\`. Such a refusal of an account is tried again
after an hour, in case it has passed by itself.`;

const mailboxText = `Graph's errors that concern a whole mailbox. The queue is \`unavailable\` or goes on more slowly, keeps its place, and is tried again by itself;
what is not in this list (a mailbox that moves, a service out of order) leaves nothing to do.`;

/** @param {string} first @param {readonly string[]} rows */
const table = (first, rows) => [`| ${first} | what it means | who acts | what to do | step |`, "|---|---|---|---|---|", ...rows].join("\n");

/** @param {string} text a cell ends at a bar */
const cell = (text) => text.replaceAll("|", "\\|");

/** The guide's headings by their anchors. */
const headings = new Map(
  readFileSync(new URL("../docs/setup-entra.md", import.meta.url), "utf8")
    .split("\n")
    .filter((text) => text.startsWith("## "))
    .map((text) => [text.slice(3).toLowerCase().replaceAll(" ", "-"), text.slice(3)]),
);

/** @param {string} first @param {Remedy} remedy */
const line = (first, { cause, who, remedy, step }) =>
  `| ${cell(first)} | ${cell(cause)} | ${who} | ${cell(remedy)} | [${headings.get(step) ?? step}](setup-entra.md#${step}) |`;

/**
 * Names with the same remedy stand in one row, in the order of the first of them.
 * @template {string | number} Name
 * @param {Iterable<readonly [Name, Remedy]>} entries
 */
function grouped(entries) {
  /** @type {Map<Remedy, Name[]>} */
  const groups = new Map();
  for (const [name, remedy] of entries) groups.set(remedy, [...(groups.get(remedy) ?? []), name]);
  return groups;
}

/** @param {Tables} tables @returns {string} */
export function refusalsPage({ numbers, errors, mailbox, neverByPassword }) {
  const byNumber = classes.map(({ refusalClass, title, text }) => {
    const rows = [...grouped([...numbers].filter(([, remedy]) => remedy.class === refusalClass))].map(([remedy, codes]) =>
      line(codes.map((code) => `${code}${neverByPassword(`AADSTS${code}`) ? "†" : ""}`).join(", "), remedy),
    );
    return `## ${title}\n\n${text}\n\n${table("AADSTS", rows)}\n`;
  });
  const byError = [...grouped(errors)].map(([remedy, names]) => line(names.map((name) => `\`${name}\``).join(", "), remedy));
  const byMailbox = mailbox.map(([names, remedy]) => line(names.map((name) => `\`${name}\``).join(", "), remedy));
  return [
    head,
    ...byNumber,
    `## Numbers that are not listed\n\n${errorsText}\n\n${table("error", byError)}\n`,
    `## The mailbox\n\n${mailboxText}\n\n${table("code", byMailbox)}\n`,
  ].join("\n");
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const built = (/** @type {string} */ name) =>
    import(pathToFileURL(fileURLToPath(new URL(`../dist/src/auth/${name}`, import.meta.url))).href);
  const { knownRefusals, knownErrors, neverByPassword } = await built("remedies.js");
  const { mailboxRefusals } = await built("mailbox-remedies.js");
  const page = refusalsPage({ numbers: knownRefusals(), errors: knownErrors(), mailbox: mailboxRefusals, neverByPassword });
  writeFileSync(new URL("../docs/refusals.md", import.meta.url), page);
  console.log("docs/refusals.md written");
}
