/**
 * `import-tokens`: signs queues in with refresh tokens that another system held, a line each.
 *
 * Invariants: a file is read only if nobody else can; no token, and no part of a line, is ever shown; one that fails
 * stops no other.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { type PrivateKind, readPrivate } from "../auth/private-file.js";
import { ConfigError } from "../base/errors.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import type { AddCommand, CommandContext, Work } from "./context.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodeOf, exitCodes, folded } from "./exit-codes.js";
import { interruptedError } from "./interruption.js";
import { readPiped } from "./piped.js";
import { withIdleDaemon } from "./target.js";

export const importTokensCommand: AddCommand = (program, does) => {
  program
    .command("import-tokens")
    .description('signs queues in with refresh tokens: lines of {"address": …, "refreshToken": …}, or one JSON array of them')
    .argument("<file>", "a file that only you can read (chmod 600), or - for standard input")
    .action(does(importTokens));
};

/** Some 10,000 tokens; a refresh token has one to two thousand characters. */
const mostBytes = 64 * 1024 * 1024;
const kind: PrivateKind = { name: "token file", holds: "tokens", mostBytes, refused: "CONFIG_INVALID", missing: "CONFIG_INVALID" };
/** Entra is asked for so many at once. */
const atOnce = 8;

/** What stands in the wrong place may be a token: only what looks like an address is repeated. */
const address = z
  .string()
  .max(320)
  .regex(/^[^\s@]+@[^\s@]+$/);
const lineSchema = z.object({ address, refreshToken: z.string().min(1) });

interface Line {
  /** From 1: of the text, or of the array. */
  readonly line: number;
  /** Empty where it is none. */
  readonly token: z.output<typeof lineSchema> | undefined;
}

const importTokens: Work<[string]> = async (context, file) => {
  const { terminal, folder, stdin, interrupts } = context;
  const loaded = await context.load();
  const lines = linesOf(
    file === "-" ? await readPiped(stdin, mostBytes, interrupts.gentle) : await readPrivate(resolve(folder, file), kind),
  );
  if (lines.length === 0) throw new ConfigError("CONFIG_INVALID", "There is no token in it: expected a line of JSON for each.");
  const waiting = [...lines];
  /** By their lines, so that the first failure is the first of the file. */
  const codes: ExitCode[] = [];
  await withIdleDaemon(loaded, async (daemon) => {
    const work = async () => {
      for (let next = waiting.shift(); next && !interrupts.gentle.aborted; next = waiting.shift()) {
        codes[lines.indexOf(next)] = await importOne(daemon, next, context);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  });
  const tried = codes.filter((code) => code !== exitCodes.interrupted);
  if (tried.length < lines.length)
    throw interruptedError(`It was interrupted: ${lines.length - tried.length} of ${lines.length} tokens were not tried.`);
  const failed = codes.filter((code) => code !== exitCodes.done).length;
  if (!terminal.json) terminal.tell(`${lines.length} tokens, ${failed} failed. Now destroy them where they came from.`);
  return folded(codes);
};

/** Never rejects. */
async function importOne(daemon: MailDaemon, { line, token }: Line, { terminal, interrupts }: CommandContext): Promise<ExitCode> {
  const queue = token?.address;
  try {
    if (!token) throw new ConfigError("CONFIG_INVALID", "It is no JSON object with the texts `address` and `refreshToken`.");
    const { refreshToken } = token;
    const { account } = await daemon.signIn(token.address, { method: "refreshToken", refreshToken, signal: interrupts.gentle });
    terminal.result(
      { line, queue, account, outcome: "signed-in" },
      () => `${terminal.style("green", "Signed in:")} ${queue} (line ${line})`,
    );
    return exitCodes.done;
  } catch (cause) {
    const failure = interrupts.gentle.aborted ? interruptedError("The sign-in was given up.") : cause;
    const error = errorJson(failure);
    terminal.result({ line, ...(queue === undefined ? {} : { queue }), outcome: "failed", error }, () =>
      [
        `${terminal.style("red", "Failed:")} ${queue ?? "?"} (line ${line}): ${error.code}: ${error.message}`,
        ...(error.remedy === undefined ? [] : [`  What to do: ${error.remedy}`]),
      ].join("\n"),
    );
    return exitCodeOf(failure);
  }
}

/** The parser's own words repeat what it met, so they are not told. @throws ConfigError `CONFIG_INVALID` */
function linesOf(text: string): Line[] {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed.startsWith("[")) {
    const array = jsonOf(trimmed);
    if (!Array.isArray(array)) throw new ConfigError("CONFIG_INVALID", "The token file begins like a JSON array and is none.");
    return array.map((one, index) => ({ line: index + 1, token: lineSchema.safeParse(one).data }));
  }
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return lines.flatMap((one, index) => (one.trim() === "" ? [] : [{ line: index + 1, token: lineSchema.safeParse(jsonOf(one)).data }]));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
