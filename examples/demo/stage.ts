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
  /** For the daemon's store; readable by this user only. */
  readonly folder: string;
  start<Order, News extends { readonly news: string }>(options: Omit<ChildOptions<News>, "onBreakdown">): Child<Order, News>;
  /** Rejects when a process ends that nobody has asked to. */
  readonly breakdown: Promise<never>;
  /** Kills what still runs, waits for its end, removes the folder. */
  strike(): Promise<void>;
}

/** Makes the folder; no process runs yet. */
export function openStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), "mail-daemon-demo-"));
  const children: { readonly pid: number; kill(): Promise<void> }[] = [];
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

  return {
    folder,
    breakdown,
    start<Order, News extends { readonly news: string }>(options: Omit<ChildOptions<News>, "onBreakdown">) {
      if (struck) throw new Error("The demo is over; no process is started any more.");
      const child = startChild<Order, News>({ ...options, onBreakdown });
      children.push(child);
      return child;
    },
    async strike() {
      struck = true;
      await Promise.all(children.map((child) => child.kill()));
      removeFolder();
      process.off("exit", atExit);
    },
  };
}
