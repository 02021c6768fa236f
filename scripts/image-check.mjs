/**
 * examples/deploy/Dockerfile with the packed package, played without Docker: each stage is a folder, COPY and RUN are done
 * there, and what the image would start runs as the image's user. It must become healthy by the image's own HEALTHCHECK,
 * be reached by a command beside it, and end with 0 at STOPSIGNAL. What it does not know to play fails. Where this does
 * not run as root it stays the user it is. The port is the configuration's own.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DockerfileParser } from "dockerfile-ast";
import { run } from "./run.mjs";

const deploy = fileURLToPath(new URL("../examples/deploy/", import.meta.url));
const limitMs = 60_000;
/** Nobody is signed in, so nobody is asked anything. */
const settings = {
  MAIL_DAEMON_CLIENT_ID: "c81d4e2e-bcf2-4e6a-869b-7df92533d2db",
  MAIL_DAEMON_TENANT_ID: "contoso.com",
  MAIL_DAEMON_QUEUES: "support@contoso.com",
};

/** @typedef {{ folder: string, workdir: string, env: Record<string, string>, last: Map<string, string> }} Stage  `last`: by keyword, what it said last */

/** @param {string} text @returns {string[]} words, or those of a JSON list */
const wordsOf = (text) => (text.trim().startsWith("[") ? JSON.parse(text) : text.trim().split(/\s+/));

/** @param {Stage} stage @param {string} path of the image */
const within = (stage, path) => join(stage.folder, path.startsWith("/") ? path : join(stage.workdir, path));

/** @param {Stage} stage @param {string} command */
async function runIn(stage, command) {
  const [program = "", ...parameters] = wordsOf(command);
  if (program === "npm") await run("npm", parameters, { cwd: within(stage, ".") });
  else if (program === "install") {
    // Whose it is, is set below: the image's user has no name here.
    const wanted = parameters.filter((one) => !/^--(owner|group)=/.test(one));
    await run(
      "install",
      wanted.map((one) => (one.startsWith("/") ? within(stage, one) : one)),
      {},
    );
  } else throw new Error(`RUN ${command} is not known to be played`);
}

/**
 * Builds all stages; the last is what starts.
 * @param {string} context the folder that is built in @param {string} work
 * @returns {Promise<Stage>}
 */
async function build(context, work) {
  /** @type {Map<string, Stage>} */
  const stages = new Map();
  /** @type {Stage | undefined} */
  let stage;
  const told = new Set(["USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"]);
  for (const instruction of DockerfileParser.parse(readFileSync(join(deploy, "Dockerfile"), "utf8")).getInstructions()) {
    const keyword = instruction.getKeyword();
    const said = instruction
      .getArguments()
      .map((one) => one.getValue())
      .join(" ");
    if (keyword === "FROM") {
      const [, name = String(stages.size)] = / as (\S+)$/i.exec(said) ?? [];
      stage = { folder: join(work, `stage-${stages.size}`), workdir: "/", env: {}, last: new Map() };
      mkdirSync(stage.folder);
      stages.set(name, stage);
      continue;
    }
    if (!stage) throw new Error(`${keyword} stands before FROM`);
    stage.last.set(keyword, instruction.getArgumentsContent() ?? "");
    if (keyword === "WORKDIR") {
      stage.workdir = said;
      mkdirSync(within(stage, "."), { recursive: true });
    } else if (keyword === "ENV") for (const [, name = "", value = ""] of said.matchAll(/(\w+)=(\S+)/g)) stage.env[name] = value;
    else if (keyword === "RUN") await runIn(stage, said);
    else if (keyword === "COPY") copy(stage, /** @type {import("dockerfile-ast").Copy} */ (instruction), context, stages);
    else if (!told.has(keyword)) throw new Error(`${keyword} is not known`);
  }
  if (!stage) throw new Error("The Dockerfile has no FROM");
  return stage;
}

/** @param {Stage} stage @param {import("dockerfile-ast").Copy} instruction @param {string} context @param {Map<string, Stage>} stages */
function copy(stage, instruction, context, stages) {
  const name = instruction.getFromFlag()?.getValue() ?? undefined;
  const said = instruction.getArgumentsContent() ?? "";
  const other = name === undefined ? undefined : stages.get(name);
  if (name !== undefined && !other) throw new Error(`COPY ${said}: there is no stage ${name}`);
  const words = wordsOf(said);
  const target = words.at(-1) ?? "";
  for (const source of words.slice(0, -1)) {
    const from = other ? within(other, source) : join(context, source);
    if (!existsSync(from)) throw new Error(`COPY ${said}: there is no ${source}`);
    cpSync(from, target.endsWith("/") ? join(within(stage, target), basename(source)) : within(stage, target), { recursive: true });
  }
}

/** How the image's user starts something in it. @param {Stage} stage @returns {(words: string[], stdout?: "inherit" | "pipe") => import("node:child_process").ChildProcess} */
function starter({ last, env, ...stage }) {
  const [uid = 0, gid = uid] = (last.get("USER") ?? "").split(":").map(Number);
  if (!(uid > 0)) throw new Error(`USER ${last.get("USER")} is no number of a user beside root`);
  const isRoot = process.getuid?.() === 0;
  const placeOf = (/** @type {string} */ name) => within({ ...stage, last, env }, env[name] ?? `no ${name}`);
  const [state, credentials] = [placeOf("STATE_DIRECTORY"), placeOf("CREDENTIALS_DIRECTORY")];
  if (!existsSync(state)) throw new Error(`The image has no folder for its state: ${env.STATE_DIRECTORY}`);
  // As its mount would be.
  mkdirSync(credentials, { recursive: true });
  const keys = join(credentials, "vault-keys");
  writeFileSync(keys, `key1:${randomBytes(32).toString("base64")}\n`, { mode: 0o400 });
  if (isRoot) for (const path of [state, keys]) chownSync(path, uid, gid);
  const own = { ...env, ...settings, PATH: process.env.PATH, STATE_DIRECTORY: state, CREDENTIALS_DIRECTORY: credentials };
  return ([program = "", ...parameters], stdout = "inherit") =>
    spawn(program === "node" ? process.execPath : program, parameters, {
      cwd: within({ ...stage, last, env }, "."),
      env: own,
      stdio: ["ignore", stdout, "inherit"],
      ...(isRoot ? { uid, gid } : {}),
    });
}

/** @param {string} consumer a project that has installed the packed package */
export async function checkImage(consumer) {
  const work = mkdtempSync(join(tmpdir(), "image-"));
  const context = join(work, "context");
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let daemon;
  try {
    // The image's user has to reach what is below.
    chmodSync(work, 0o755);
    mkdirSync(context);
    for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(consumer, name), join(context, name));
    copyFileSync(join(deploy, "mail-daemon.config.mjs"), join(context, "mail-daemon.config.mjs"));
    const stage = await build(context, work);
    const began = starter(stage);
    const said = (/** @type {string} */ keyword) => stage.last.get(keyword) ?? "";
    const [entry, command] = [wordsOf(said("ENTRYPOINT")), wordsOf(said("CMD"))];
    const exitCodeOf = async (/** @type {string[]} */ words) => (await once(began(words), "close"))[0];
    const running = began([...entry, ...command]);
    daemon = running;
    const ended = once(running, "close");
    const [, probe = ""] = /CMD (.*)$/.exec(said("HEALTHCHECK")) ?? [];
    for (const endsAt = Date.now() + limitMs; (await exitCodeOf(wordsOf(probe))) !== 0; ) {
      if (Date.now() > endsAt || running.exitCode !== null) throw new Error(`What the image starts does not become healthy (${probe})`);
    }
    const asking = began([...entry, "status"], "pipe");
    const status = (await asking.stdout?.setEncoding("utf8").toArray())?.join("");
    if (!status?.includes(`in process ${running.pid}`)) throw new Error(`A command in the image does not reach its daemon: ${status}`);
    running.kill(/** @type {NodeJS.Signals} */ (said("STOPSIGNAL")));
    const [code] = await ended;
    if (code !== 0) throw new Error(`What the image starts ended with ${code} at ${said("STOPSIGNAL")}`);
    console.log("image: builds, becomes healthy, is reached, and ends");
  } finally {
    daemon?.kill("SIGKILL");
    rmSync(work, { recursive: true, force: true, maxRetries: 5 });
  }
}
