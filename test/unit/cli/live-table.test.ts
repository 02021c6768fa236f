/** The live table: drawn again in place, on a terminal that obeys as real ones do. */
import { expect, it } from "vitest";
import { createLiveTable } from "../../../src/cli/live-table.js";
import { createManualClock } from "../../support/manual-clock.js";

const csi = "\u001b[";

/** As much of a terminal as the table uses: lines, cursor up, erase below. */
function terminal() {
  let lines: string[] = [""];
  let row = 0;
  const writes: string[] = [];
  function write(text: string): void {
    writes.push(text);
    for (const piece of text.split(/(\r|\n|\p{Cc}\[\d+[AJ])/u)) {
      if (piece.endsWith("A") && piece.startsWith(csi)) row -= Number(piece.slice(csi.length, -1));
      else if (piece === `${csi}0J`) lines = [...lines.slice(0, row), ""];
      else if (piece === "\n") {
        row += 1;
        lines[row] ??= "";
      } else if (piece !== "\r") lines[row] = `${lines[row] ?? ""}${piece}`;
    }
  }
  return { writes, shown: () => lines.join("\n"), screen: { columns: 80, rows: 24, write } };
}

it("draws itself in place of what it drew before, longer or shorter", async () => {
  const clock = createManualClock();
  const { screen, shown } = terminal();
  let now = ["head", "one"];
  const table = createLiveTable({ screen, clock, linesNow: () => now });
  expect(shown()).toBe("head\none\n");
  now = ["head", "one", "two"];
  await clock.advance(500);
  expect(shown()).toBe("head\none\ntwo\n");
  now = ["head"];
  await clock.advance(500);
  expect(shown()).toBe("head\n");
  table.end();
});

it("keeps lines that are told above it", async () => {
  const clock = createManualClock();
  const { screen, shown } = terminal();
  const table = createLiveTable({ screen, clock, linesNow: () => ["head", "one"] });
  table.tell("first");
  table.tell("second");
  await clock.advance(500);
  expect(shown()).toBe("first\nsecond\nhead\none\n");
  table.end();
});

it("takes away all of what it drew on a screen that has become narrower since", async () => {
  const clock = createManualClock();
  const { screen, writes } = terminal();
  let now = ["x".repeat(70), `${csi}31m${"y".repeat(35)}${csi}39m`];
  const table = createLiveTable({ screen, clock, linesNow: () => now });
  screen.columns = 40;
  now = ["short"];
  await clock.advance(500);
  // The first line takes two rows there, the second one.
  expect(writes.at(-1)).toBe(`${csi}3A\r${csi}0Jshort\n`);
  table.end();
});

it("writes nothing while nothing changes", async () => {
  const clock = createManualClock();
  const { screen, writes } = terminal();
  const table = createLiveTable({ screen, clock, linesNow: () => ["head"] });
  await clock.advance(10_000);
  expect(writes).toHaveLength(1);
  table.end();
});

it("draws a last time at its end and leaves no timer", () => {
  const clock = createManualClock();
  const { screen, shown } = terminal();
  let now = ["idle"];
  const table = createLiveTable({ screen, clock, linesNow: () => now });
  now = ["stopped"];
  table.end();
  expect([shown(), clock.pending()]).toEqual(["stopped\n", 0]);
});
