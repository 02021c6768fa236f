/**
 * A copy of the repository in a temporary folder, in which protections are taken out one at a time.
 *
 * Invariant: what a copy is patched with is put back before the next patch; a patch whose text is not there exactly once
 * is an error, never a patch of something else. The repository itself is only read.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/**
 * @typedef {object} Protection
 * @property {string} protection what is true because of it
 * @property {string} file where it is made
 * @property {string} find its text, which is there exactly once
 * @property {string} replace what stands there without it
 * @property {readonly [file: string, name: string]} test what fails without it; the name with those of its `describe`
 *
 * @typedef {object} Outcome of one test
 * @property {"passed" | "failed"} status
 * @property {readonly string[]} messages
 * @property {number} durationMs
 */

/** Milliseconds, at the most, for a run that is to fail; one that waits without a pause would never hear of its time-out. */
const runTimeoutMs = 120_000;

/** @param {string} root */
export function createCopy(root) {
  const folder = mkdtempSync(join(tmpdir(), "protections-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  for (const file of listed.split("\0").filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");

  return {
    /**
     * Runs these tests and nothing else of their files.
     * @param {readonly Protection["test"][]} tests
     * @param {number} [timeoutMs] milliseconds for each test; default: what the suite gives it
     * @returns {Promise<ReadonlyMap<string, Outcome>>} by {@link nameOf}; a test that did not run is not in it
     */
    async run(tests, timeoutMs) {
      const report = join(folder, "protections-report.json");
      rmSync(report, { force: true });
      const pattern = `^(${[...new Set(tests.map(([, name]) => escaped(name)))].join("|")})$`;
      const files = [...new Set(tests.map(([file]) => file))];
      const parameters = ["run", ...files, "-t", pattern, "--maxWorkers", "2"];
      if (timeoutMs !== undefined) parameters.push("--testTimeout", String(Math.round(timeoutMs)));
      const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...parameters], {
        cwd: folder,
        env: { ...process.env, TEST_REPORT: report },
        stdio: "ignore",
        timeout: runTimeoutMs * files.length,
        killSignal: "SIGKILL",
      });
      await once(child, "exit");
      return existsSync(report) ? outcomes(folder, readFileSync(report, "utf8")) : new Map();
    },

    /**
     * Runs `work` while the protection is out of the copy.
     * @template T
     * @param {Protection} protection
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    async without({ file, find, replace }, work) {
      const path = join(folder, file);
      const text = readFileSync(path, "utf8");
      writeFileSync(path, text.split(find).join(replace));
      try {
        return await work();
      } finally {
        writeFileSync(path, text);
      }
    },

    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {Protection["test"]} test */
export function nameOf([file, name]) {
  return `${file} > ${name}`;
}

/**
 * What is wrong with the table itself: a text that is not there exactly once has moved on without it.
 * @param {string} root
 * @param {Protection} protection
 * @returns {string | undefined}
 */
export function rotten(root, { protection, file, find }) {
  const times = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8").split(find).length - 1 : 0;
  return times === 1 ? undefined : `${protection}: its text is in ${file} ${times} times instead of once: ${find.trim()}`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * @param {string} folder
 * @param {string} report
 * @returns {Map<string, Outcome>}
 */
function outcomes(folder, report) {
  /** @type {{ testResults: { name: string, assertionResults: { fullName: string, status: string, duration?: number, failureMessages?: string[] }[] }[] }} */
  const { testResults } = JSON.parse(report);
  const found = new Map();
  for (const { name, assertionResults } of testResults) {
    for (const { fullName, status, duration = 0, failureMessages = [] } of assertionResults) {
      if (status === "passed" || status === "failed")
        found.set(nameOf([relative(folder, name), fullName]), { status, messages: failureMessages, durationMs: duration });
    }
  }
  return found;
}
