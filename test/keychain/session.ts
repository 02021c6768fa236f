/**
 * Users of a machine, each with a home folder and sessions of its own, one after another: what is kept from one session to
 * the next lies in the keyring's file or nowhere. A session is over when every process in it has ended.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import type { Task } from "./host.mjs";

/** How a session begins: without D-Bus; with one and a keyring that nobody unlocks; or with one that this password unlocks. */
export type Beginning = { readonly dBus: false } | { readonly dBus: true; readonly password?: string };

/** What the host's process answered. */
export type Answer =
  | { readonly value?: unknown; readonly error?: undefined }
  | { readonly error: { readonly code: string; readonly message: string; readonly remedy: string }; readonly shown: string };

type Without<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const installed = new URL("node_modules/m365-mail-daemon/", import.meta.url).href;

export async function newUser() {
  const home = await mkdtemp(join(tmpdir(), "keyring-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await mkdir(join(home, "run"), { mode: 0o700 });

  return {
    home,

    /** One process in one new session. */
    async session(beginning: Beginning, task: Without<Task, "installed">): Promise<Answer> {
      const env = {
        PATH: process.env.PATH,
        HOME: home,
        XDG_RUNTIME_DIR: join(home, "run"),
        ...(beginning.dBus && beginning.password !== undefined ? { KEYRING_PASSWORD: beginning.password } : {}),
      };
      const command = [process.execPath, here("host.mjs"), JSON.stringify({ ...task, installed })];
      const [program = "", ...parameters] = beginning.dBus ? [here("with-keyring.sh"), ...command] : command;
      // What a session starts inherits the fourth pipe too, so `close` comes when all of it has ended.
      const child = spawn(program, parameters, { env, stdio: ["ignore", "pipe", "pipe", "pipe"] });
      const texts = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        (child[name] as Readable).setEncoding("utf8").on("data", (text: string) => {
          texts[name] += text;
        });
      }
      (child.stdio[3] as Readable).resume();
      const [code] = (await once(child, "close")) as [number | null];
      expect(code, texts.stderr).toBe(0);
      return JSON.parse(texts.stdout) as Answer;
    },
  };
}

/** The files below a folder in which a text stands. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map((file) => readFile(file)));
  return files.filter((_, index) => contents[index]?.includes(text));
}
