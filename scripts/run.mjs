/** Runs one command to its end with what it prints passed on; a command that fails throws with its name. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** `npm` is a script, which Windows starts through a shell only. */
const throughShell = process.platform === "win32";

/**
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<void>}
 */
export async function run(command, parameters, { cwd, env } = {}) {
  const child = spawn(command, parameters, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
    shell: throughShell,
  });
  const [code, signal] = /** @type {[number | null, string | null]} */ (await once(child, "exit"));
  if (code !== 0) throw new Error(`${[command, ...parameters].join(" ")} ended with ${signal ?? code}`);
}
