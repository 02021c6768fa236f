/** Runs one command to its end with what it prints passed on; a command that fails, or does not end in time, throws with its name. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** `npm` is a script, which Windows starts through a shell only. */
const throughShell = process.platform === "win32";

/**
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv, readonly limitMs?: number, readonly onOutput?: (text: string) => void }} [options]
 * without a limit it may take for ever; `onOutput` is shown what is passed on
 * @returns {Promise<void>}
 */
export async function run(command, parameters, { cwd, env, limitMs, onOutput } = {}) {
  const output = onOutput ? "pipe" : "inherit";
  const child = spawn(command, parameters, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
    shell: throughShell,
    // A group of its own, so that what it started can be ended with it.
    detached: limitMs !== undefined,
  });
  for (const [from, to] of /** @type {const} */ ([
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])) {
    from?.setEncoding("utf8").on("data", (text) => {
      to.write(text);
      onOutput?.(text);
    });
  }
  // Which Ctrl-C does not reach by itself.
  const interrupted = () => {
    end(child, "SIGTERM");
    process.exit(1);
  };
  if (limitMs !== undefined) process.once("SIGINT", interrupted);
  let late = false;
  const limit =
    limitMs === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          end(child, "SIGTERM");
          // What did not listen.
          setTimeout(() => end(child, "SIGKILL"), 5_000).unref();
        }, limitMs);
  const [code, signal] = /** @type {[number | null, string | null]} */ (await once(child, onOutput ? "close" : "exit"));
  clearTimeout(limit);
  process.off("SIGINT", interrupted);
  if (late) throw new Error(`${[command, ...parameters].join(" ")} was ended after ${limitMs} ms`);
  if (code !== 0) throw new Error(`${[command, ...parameters].join(" ")} ended with ${signal ?? code}`);
}

/**
 * Ends the process and all that it started.
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function end({ pid }, signal) {
  try {
    if (pid !== undefined) process.kill(throughShell ? pid : -pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error;
  }
}
