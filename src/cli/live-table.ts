/**
 * A table on a terminal, drawn again in place; lines that are told meanwhile go above it and stay.
 *
 * Invariants: the cursor is always below the table when nothing is being written; the timer ends with `end`, which leaves
 * the last table where it is.
 */
import { stripVTControlCharacters } from "node:util";
import type { Clock } from "../base/clock.js";
import type { Screen } from "./terminal.js";

export interface LiveTable {
  /** A line above the table. */
  tell(line: string): void;
  /** Draws it a last time. */
  end(): void;
}

/** Milliseconds between two looks; what is the same is not drawn again. */
const intervalMs = 500;
const csi = "\u001b[";

/** `linesNow` are no wider than the screen. */
export function createLiveTable({ screen, clock, linesNow }: { screen: Screen; clock: Clock; linesNow: () => string[] }): LiveTable {
  /** As they stand on the screen; empty before the first. */
  let drawn: readonly string[] = [];
  let stopTimer: () => void = () => undefined;

  const erase = () => {
    // A screen that has become narrower has broken its lines.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / screen.columns)), 0);
    return rows === 0 ? "" : `${csi}${rows}A\r${csi}0J`;
  };

  function draw(above: readonly string[] = []): void {
    const lines = linesNow();
    if (above.length === 0 && lines.join("\n") === drawn.join("\n")) return;
    const text = [...above, ...lines].map((line) => `${line}\n`).join("");
    screen.write(erase() + text);
    drawn = lines;
  }

  function look(): void {
    draw();
    stopTimer = clock.startTimer(look, intervalMs);
  }
  look();

  return {
    tell: (line) => draw([line]),
    end() {
      stopTimer();
      draw();
    },
  };
}
