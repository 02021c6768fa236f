/** What all queues share of Graph's limits, as wide as it is by default. */
import type { Clock } from "../../src/base/clock.js";
import { type ContentBudget, createContentBudget } from "../../src/delivery/content-budget.js";
import { createGovernor, type Governor } from "../../src/graph/governor.js";
import { createPace, type Pace } from "../../src/schedule/pace.js";

export function wideGovernor(clock: Clock): Governor {
  return createGovernor({ clock, concurrency: 1_000, requestsPerTenSeconds: 130_000 });
}

export function freeContent(): ContentBudget {
  return createContentBudget(Number.POSITIVE_INFINITY);
}

export function freePace(): Pace {
  return createPace({ allowed: 13_000, sent: () => 0 });
}
