/** A password that is asked for at a terminal: nothing of it is shown, and Ctrl-C ends the question. */
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { isInterruption } from "../../../src/cli/interruption.js";
import { createTerminal } from "../../../src/cli/terminal.js";

function terminalOf({ isTTY = true } = {}) {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: (on: boolean) => void modes.push(on) });
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY })];
  let shown = "";
  for (const stream of [stdout, stderr]) stream.on("data", (piece) => (shown += String(piece)));
  const terminal = createTerminal({ stdin, stdout, stderr }, { json: false, env: { NO_COLOR: "1" } });
  return { terminal, stdin, modes, shown: () => shown };
}

it("is taken as it was typed, and nothing but the question is shown", async () => {
  const { terminal, stdin, modes, shown } = terminalOf();
  const asked = terminal.askSecret("Password:");
  stdin.write("pass phrasX\u007f");
  stdin.write("e\r");
  expect(await asked).toBe("pass phrase");
  expect(shown()).toBe("Password: \n");
  // The terminal's own echo was off meanwhile.
  expect(modes).toEqual([true, false]);
});

it("any other question ends with Ctrl-C too, and takes its default where nothing is typed", async () => {
  const interrupted = terminalOf();
  const asked = expect(interrupted.terminal.ask("Name:")).rejects.toSatisfy(isInterruption);
  interrupted.stdin.write("half\u0003");
  await asked;
  const usual = terminalOf();
  const other = usual.terminal.ask("Name:", { default: "queue" });
  usual.stdin.write("\r");
  expect(await other).toBe("queue");
});

it("ends with Ctrl-C, and with the signal", async () => {
  const typed = terminalOf();
  const asked = expect(typed.terminal.askSecret("Password:")).rejects.toSatisfy(isInterruption);
  typed.stdin.write("half\u0003");
  await asked;
  expect(typed.shown()).not.toContain("half");
  const interrupt = new AbortController();
  const aborted = terminalOf();
  const other = expect(aborted.terminal.askSecret("Password:", { signal: interrupt.signal })).rejects.toSatisfy(isInterruption);
  interrupt.abort();
  await other;
  expect(aborted.modes).toEqual([true, false]);
});

it("is not asked where nobody sits", async () => {
  const { terminal, shown } = terminalOf({ isTTY: false });
  expect(await terminal.askSecret("Password:")).toBeUndefined();
  expect(shown()).toBe("");
});
