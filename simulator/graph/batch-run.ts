/**
 * Runs the parts of a batch, four at a time, and puts their answers together in any order.
 * Invariant: a part waits for the one it depends on, and is 424 when that one failed; a lane without a place on the gate answers 429
 * for each part it takes. Knows no part's work. Source: Graph throttling limits (Outlook runs four parts of a batch in parallel).
 */
import { type Answer, base64Of, nextTurn, type Outcome } from "../exchange.js";
import type { Random } from "../random.js";
import { gateWidth } from "../traffic/gate.js";
import type { BatchPart, BatchPlan } from "./batch-plan.js";

/** Runs one part. `placed` false: there is no place for it, so it must be 429. */
export type PartRunner = (part: BatchPart, placed: boolean) => Promise<Outcome>;

/** Runs the plan. `places`: how many of the mailbox's places it was granted. */
export async function runBatch(
  plan: BatchPlan,
  places: number,
  random: Random,
  run: PartRunner,
  failedDependency: () => Answer,
): Promise<string | "dropped"> {
  const waiting = [...plan.parts];
  const answers = new Map<string, Answer>();
  let dropped = false;

  /** The next part whose dependency has been answered; undefined when none can start now. */
  function takeNext(): BatchPart | undefined {
    const place = waiting.findIndex((part) => part.dependsOn === undefined || answers.has(part.dependsOn));
    return place < 0 ? undefined : waiting.splice(place, 1)[0];
  }
  async function lane(placed: boolean): Promise<void> {
    while (waiting.length > 0 && !dropped) {
      const part = takeNext();
      if (!part) {
        await nextTurn();
        continue;
      }
      const before = part.dependsOn === undefined ? undefined : answers.get(part.dependsOn);
      const outcome = before && before.status >= 400 ? failedDependency() : await run(part, placed);
      if (outcome === "dropped") dropped = true;
      else answers.set(part.id, outcome);
    }
  }
  const lanes = plan.serial ? 1 : gateWidth;
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number < places)));
  if (dropped) return "dropped";
  const written = [...answers].map(([id, answer]) => writePart(id, answer));
  return `{"responses":[${random.shuffle(written).join(",")}]}`;
}

function writePart(id: string, { status, headers, body }: Answer): string {
  const named: Record<string, string> = { "Cache-Control": "private" };
  for (const [name, value] of Object.entries(headers)) named[name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())] = value;
  const head = `{"id":${JSON.stringify(id)},"status":${status},"headers":${JSON.stringify(named)}`;
  if (typeof body !== "string") return `${head},"body":${JSON.stringify(base64Of(body))}}`;
  return body === "" ? `${head}}` : `${head},"body":${asJson(body)}}`;
}

/** What is not JSON comes as base64 text. */
function asJson(body: string): string {
  try {
    if (!/^[{[]/.test(body)) JSON.parse(body);
    return body;
  } catch {
    return JSON.stringify(Buffer.from(body).toString("base64"));
  }
}
