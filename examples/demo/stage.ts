/**
 * What the demo has put up on this machine: its processes and one temporary folder.
 * Invariant: once it is struck, nothing is left and nothing can be started any more; should this process end before that,
 * its exit strikes it. Knows no mail.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, type ChildOptions, startChild } from "./child.js";

export interface Stage {
  /** For what the demo keeps on disk; readable by this user only. */
  readonly folder: string;
  start<Order, News extends { readonly news: string }>(options: Omit<ChildOptions<News>, "onBreakdown">): Child<Order, News>;
  /** Takes in a process that is not one of this project's programs: `start` is told what to call should it end unasked. */
  adopt<Process extends Ending>(start: (onBreakdown: (error: Error) => void) => Process): Process;
  /** Rejects when a process ends that nobody has asked to. */
  readonly breakdown: Promise<never>;
  /** Kills what still runs, waits for its end, removes the folder. */
  strike(): Promise<void>;
}

interface Ending {
  /** Kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Makes the folder; no process runs yet. */
export function openStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), "mail-daemon-demo-"));
  const children: Ending[] = [];
  let struck = false;
  let onBreakdown: (error: Error) => void = () => undefined;
  const breakdown = new Promise<never>((_, reject) => {
    onBreakdown = reject;
  });

  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  function atExit(): void {
    for (const child of children) void child.kill();
    removeFolder();
  }
  process.once("exit", atExit);

  function adopt<Process extends Ending>(start: (onBreakdown: (error: Error) => void) => Process): Process {
    if (struck) throw new Error("The demo is over; no process is started any more.");
    const started = start(onBreakdown);
    children.push(started);
    return started;
  }

  return {
    adopt,
    folder,
    breakdown,
    start: <Order, News extends { readonly news: string }>(options: Omit<ChildOptions<News>, "onBreakdown">) =>
      adopt((broken) => startChild<Order, News>({ ...options, onBreakdown: broken })),
    async strike() {
      struck = true;
      await Promise.all(children.map((child) => child.kill()));
      removeFolder();
      process.off("exit", atExit);
    },
  };
}
