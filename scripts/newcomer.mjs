/**
 * Plays a newcomer in an empty folder: installs the packed package, tries it against the simulator by the command line
 * alone, and writes down what was typed and what came back. Ids, times and ports are made the same for all runs.
 *
 * Usage: node scripts/newcomer.mjs [--write]   without it the transcript in docs/first-hour.md must be what came
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "docs/first-hour.md");
const [begin, end] = ["<!-- npm run newcomer -->", "<!-- to here -->"];
const queue = "support@contoso.com";
/** A command that says nothing for so long hangs. */
const limitMs = 60_000;

const handler = `import { existsSync } from "node:fs";

export default async ({ message, reject }) => {
  if (message.subject === "A puzzle" && !existsSync("mended")) return reject("nobody knows what it means");
  console.log(\`Ticket: \${message.subject}\`);
};
`;

/** @type {string[]} */
const transcript = [];
const folder = mkdtempSync(join(tmpdir(), "newcomer-"));
const outputs = mkdtempSync(join(tmpdir(), "newcomer-outputs-"));
let begunCount = 0;
/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** @param {string} text @returns {string} the same in every run */
function steady(text) {
  /** @type {Map<string, string>} */
  const ids = new Map();
  return (
    text
      .replaceAll(folder, "/home/you/mail")
      .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:8365")
      .replace(/AAkALg[\w=+/-]{20,}/g, (id) => {
        if (!ids.has(id)) ids.set(id, `AAkALg…${ids.size + 1}`);
        return /** @type {string} */ (ids.get(id));
      })
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "2026-03-01T09:00:00Z")
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, "2026-03-01 09:00")
      .replace(/\b\d+(\.\d+)? ?(ms|s|seconds?|minutes?|min|hours?|h|days?)\b/g, "… $2")
      .replace(/\bprocess \d+/g, "process 4711")
      // A queue's first round may be under way before all queues are there.
      .replace(/^(.*: polled from now on\n)(.* started: .*\n)/gm, "$2$1")
  );
}

/** @param {readonly string[]} words */
const shown = (words) => words.map((word) => (/^[\w@./:=-]+$/.test(word) ? word : `"${word}"`)).join(" ");

/** @param {readonly string[]} words @param {{ readonly input?: string }} [options] */
function begun(words, { input } = {}) {
  // Of two pipes nobody knows which was written to first; of one file it shows, as on a terminal.
  const file = join(outputs, String(++begunCount));
  const written = openSync(file, "a");
  const child = spawn(join(folder, "node_modules/.bin/m365-mail-daemon"), words, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    detached: true,
    stdio: ["pipe", written, written],
  });
  closeSync(written);
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.stdin?.end(input ?? "");
  return { child, output: { text: () => readFileSync(file, "utf8") } };
}

/** @param {string} typed @param {string} came */
function note(typed, came) {
  transcript.push(`$ ${typed}\n${came.trimEnd()}`);
  console.log(`$ ${typed}\n${came.trimEnd()}\n`);
}

/** With `says`, nothing is noted of a run that does not say that. @typedef {{ input?: string, exitCode?: number, says?: RegExp }} Step */
/** Runs a command to its end. @param {readonly string[]} words @param {Step} [options] */
async function step(words, { input, exitCode = 0, says } = {}) {
  const { child, output } = begun(words, input === undefined ? {} : { input });
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const [code] = await once(child, "close");
  clearTimeout(limit);
  if (code === exitCode && says && !says.test(output.text())) return undefined;
  note(`${input === undefined ? "" : `echo ${input} | `}npx m365-mail-daemon ${shown(words)}`, output.text());
  if (code !== exitCode) throw new Error(`${shown(words)} ended with ${code} instead of ${exitCode}:\n${output.text()}`);
  return output.text();
}

/** Looks again until it is so. @template T @param {string} what @param {() => T | undefined | Promise<T | undefined>} look @returns {Promise<T>} */
async function until(what, look) {
  for (const endsAt = Date.now() + limitMs; Date.now() < endsAt; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`Waited in vain for ${what}`);
}

/** @param {readonly string[]} words @returns {Promise<any>} the lines of JSON that a command gives, unseen */
async function ask(words) {
  const { child, output } = begun(["--json", ...words]);
  await once(child, "close");
  return output
    .text()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** All that was settled is marked, and the queue waits for more. */
const marked = () =>
  until("the marks", async () => {
    const [{ queues }] = await ask(["status"]);
    return queues.every((/** @type {any} */ one) => one.marksWaiting === 0 && one.state === "idle") ? true : undefined;
  });

async function play() {
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  await run("npm", ["init", "--yes", "--silent"], { cwd: folder });
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", `./${tarball}`], { cwd: folder });
  transcript.push("$ npm install m365-mail-daemon");

  const simulator = begun(["simulate", "--port", "0", "--queue", queue, "--mails", "0"]);
  const url = await until("the simulator", () => /http:\/\/127\.0\.0\.1:\d+/.exec(simulator.output.text())?.[0]);
  await until("its advice", () => (/sign-in|init/.test(simulator.output.text()) ? true : undefined));
  note(`npx m365-mail-daemon simulate --queue ${queue} --mails 0 &`, simulator.output.text());
  await step(["init", "--simulator", url, "--queue", queue]);
  await step(["sign-in", "--password-stdin", queue], { input: "letmein" });
  await step(["doctor"]);

  writeFileSync(join(folder, "handler.mjs"), handler);
  const config = join(folder, "mail-daemon.config.ts");
  // Addresses are shown as the newcomer's terminal shows them, which the pipe here is not.
  writeFileSync(
    config,
    readFileSync(config, "utf8").replace("deliverTo: { ndjson: true }", 'deliverTo: { handler: "./handler.mjs" }, logAddresses: true'),
  );
  note("cat handler.mjs", handler);
  note("grep deliverTo: mail-daemon.config.ts | tail -1", '  deliverTo: { handler: "./handler.mjs" },');

  const daemon = begun(["run"]);
  await until("the daemon", async () => ((await ask(["status"]))[0]?.running ? true : undefined));
  await until("the start", () =>
    ["started: ", "polled from now on"].every((line) => daemon.output.text().includes(line)) ? true : undefined,
  );
  await step(["simulate", "deliver", queue, "--subject", "Where is my parcel?"]);
  await until("a ticket", () => (daemon.output.text().includes("Ticket: Where is my parcel?") ? true : undefined));
  await step(["simulate", "deliver", queue, "--subject", "A puzzle"]);
  const [puzzle] = await until("the quarantine", async () => {
    const resting = await ask(["quarantine", queue]);
    return resting.length > 0 ? resting : undefined;
  });
  await until("its line", () => (daemon.output.text().includes("rests in quarantine") ? true : undefined));
  await marked();
  // Now and then a round is under way.
  await until("a rest", () => step(["status"], { says: / idle / }));
  await step(["quarantine"]);
  await step(["explain", queue, puzzle.id]);
  writeFileSync(join(folder, "mended"), "");
  transcript.push("$ touch mended");
  await step(["replay", queue, puzzle.id]);
  await until("the second ticket", () => (daemon.output.text().includes("Ticket: A puzzle") ? true : undefined));
  await marked();
  await step(["explain", queue, puzzle.id]);
  daemon.child.kill("SIGINT");
  const [code] = await once(daemon.child, "close");
  note("npx m365-mail-daemon run          # in the other window, ended by Ctrl-C", daemon.output.text());
  if (code !== 0) throw new Error(`run ended with ${code} after Ctrl-C`);
}

try {
  await play();
} finally {
  for (const child of running) process.kill(-(/** @type {number} */ (child.pid)), "SIGTERM");
  for (const one of [folder, outputs]) rmSync(one, { recursive: true, force: true, maxRetries: 5 });
}
const text = readFileSync(page, "utf8");
const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
const made = `${text.slice(0, from)}\n\n\`\`\`console\n${steady(transcript.join("\n\n"))}\n\`\`\`\n\n${text.slice(to)}`;
if (process.argv.includes("--write")) writeFileSync(page, made);
else if (made !== text) {
  console.error(`docs/first-hour.md does not show what came; \`npm run newcomer -- --write\` writes this:\n${made}`);
  process.exitCode = 1;
} else console.log("newcomer: docs/first-hour.md shows what came");
