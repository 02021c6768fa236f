/**
 * An example of the built package as a process of its own, as a user runs it: what it prints, and its end. It is killed
 * after the test at the latest.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { showPrint } from "./secrets/showings.js";

export interface Prints {
  /** Everything printed so far. */
  output(): string;
  /** Resolves with the first match in all that was printed; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
}

export interface ExampleProcess extends Prints {
  readonly child: ChildProcess;
  /** Resolves once all was printed. */
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
}

export interface ExampleOptions {
  /** Its working directory. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether it gets a channel for messages to the parent. Default false. */
  readonly hasChannel?: boolean;
  /** Its parameters. Default none. */
  readonly flags?: readonly string[];
}

/** What a child has printed on either stream. `whole` resolves once all was printed; `what` it is, for messages. */
export function watchPrints({ stdout, stderr }: ChildProcess, whole: Promise<unknown[]>, what: string): Prints {
  let text = "";
  /** Who waits for a print; each removes itself. */
  const looks = new Set<() => void>();
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      showPrint(`what ${what} printed`, chunk);
      for (const look of [...looks]) look();
    });
  }
  return {
    output: () => text,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(text);
          if (!match) return;
          looks.delete(look);
          resolve(match);
        };
        looks.add(look);
        look();
        void whole.then(([code, signal]) =>
          reject(new Error(`Of ${what}, which ended (${signal ?? code}), nothing is ${pattern}:\n${text}`)),
        );
      }),
  };
}

/** `program`: a path from the root of the repository. */
export function startExample(program: string, { folder, env, hasChannel = false, flags = [] }: ExampleOptions): ExampleProcess {
  const file = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  if (!existsSync(file) || !existsSync(fileURLToPath(new URL("../../dist/examples", import.meta.url))))
    throw new Error("This test runs the built package: run `npm run build` first.");
  const child = spawn(process.execPath, [file, ...flags], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe", ...(hasChannel ? (["ipc"] as const) : [])],
  });
  const ended = once(child, "close") as ExampleProcess["ended"];
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, ended, ...watchPrints(child, ended, "the example") };
}
