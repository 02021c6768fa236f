/**
 * What a script may ask of the model's world, and how fast-check makes scripts. A command that has no object does
 * nothing. What others do may happen while no daemon runs; any other command starts one first.
 */
import fc from "fast-check";
import type { Fuse } from "./life.js";
import { type Behaviour, handlerTimeoutMs, type Plan } from "./plan.js";

/** 0: everything from two folders, full select; 1: unread mail from the inbox, light select. */
export type QueueIndex = 0 | 1;
/** 0: the inbox; 1: a second folder, watched by queue 0 only; 2: watched by none. */
export type FolderIndex = 0 | 1 | 2;

export type Trouble =
  | { readonly kind: "throttled"; readonly retryAfter: number | undefined }
  | {
      readonly kind: "unavailable";
      readonly status: 500 | 503 | 504;
      readonly retryAfter: number | undefined;
      readonly effect: "before" | "after";
    }
  | { readonly kind: "dropped"; readonly when: "before" | "after" }
  | { readonly kind: "cut"; readonly keep: number }
  | { readonly kind: "not found" }
  | { readonly kind: "conflict" }
  | { readonly kind: "token refused" };

export type Command =
  | {
      readonly do: "deliver";
      readonly queue: QueueIndex;
      readonly folder: FolderIndex;
      readonly count: number;
      readonly old: boolean;
      readonly read: boolean;
      /** Of a few conversations that many share, or one of its own. */
      readonly conversation: number | undefined;
      readonly plan: Plan;
    }
  | { readonly do: "move"; readonly pick: number; readonly to: FolderIndex }
  | { readonly do: "remove"; readonly pick: number }
  | { readonly do: "change"; readonly pick: number; readonly isRead?: boolean; readonly categories?: readonly string[] }
  | { readonly do: "forget"; readonly queue: QueueIndex }
  | { readonly do: "poll"; readonly queue: QueueIndex }
  | { readonly do: "pause" | "resume"; readonly queue: QueueIndex }
  | { readonly do: "stop"; readonly deadlineMs: number }
  | { readonly do: "crash"; readonly fuse: Fuse }
  | { readonly do: "kill" }
  | { readonly do: "freeze"; readonly forMs: number; readonly takeOver: boolean }
  | { readonly do: "trouble"; readonly queue: QueueIndex; readonly count: number; readonly after: number; readonly trouble: Trouble }
  | { readonly do: "fill disk"; readonly count: number }
  | { readonly do: "wait"; readonly ms: number };

export interface Script {
  /** Seeds the simulator and everything else that is random. */
  readonly seed: number;
  readonly pageSize: number;
  readonly maxInFlight: number;
  readonly order: "hold" | "release";
  /** Bytes of content in memory: one message or plenty. */
  readonly highWaterBytes: number;
  readonly listens: boolean;
  /** The longest wait of a write, milliseconds. */
  readonly slowDiskMs: number;
  /** The mail that is there before the first start. */
  readonly before: readonly Extract<Command, { do: "deliver" }>[];
  readonly commands: readonly Command[];
}

const queue = fc.constantFrom<QueueIndex>(0, 1);
const folder = fc.oneof(
  { weight: 4, arbitrary: fc.constant<FolderIndex>(0) },
  { weight: 2, arbitrary: fc.constant<FolderIndex>(1) },
  { weight: 1, arbitrary: fc.constant<FolderIndex>(2) },
);
const pick = fc.nat(30);

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  does: fc.oneof(
    { weight: 4, arbitrary: fc.constant("ack" as const) },
    { weight: 4, arbitrary: fc.constantFrom("throw" as const, "retry" as const, "reject" as const, "hang" as const) },
  ),
  afterMs: fc.constantFrom(0, 0, 70, 700, 4_000, 1.5 * handlerTimeoutMs, 2.5 * handlerTimeoutMs),
  explicit: fc.boolean(),
});
const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.array(behaviour, { minLength: 1, maxLength: 3 }) },
);

const retryAfter = fc.option(fc.constantFrom(0, 1, 7, 14.5, 40, 100), { nil: undefined });
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({ kind: fc.constant("throttled" as const), retryAfter }),
  fc.record({
    kind: fc.constant("unavailable" as const),
    status: fc.constantFrom(500 as const, 503 as const, 504 as const),
    retryAfter,
    effect: fc.constantFrom("before" as const, "after" as const),
  }),
  fc.record({ kind: fc.constant("dropped" as const), when: fc.constantFrom("before" as const, "after" as const) }),
  fc.record({ kind: fc.constant("cut" as const), keep: fc.nat(300) }),
  fc.constant({ kind: "not found" as const }),
  fc.constant({ kind: "conflict" as const }),
  fc.constant({ kind: "token refused" as const }),
);

const deliver = fc.record({
  do: fc.constant("deliver" as const),
  queue,
  folder,
  count: fc.integer({ min: 1, max: 5 }),
  old: fc.boolean(),
  read: fc.boolean(),
  conversation: fc.option(fc.nat(1), { nil: undefined }),
  plan,
});

const wait = fc.record({
  do: fc.constant("wait" as const),
  ms: fc.oneof(
    { weight: 8, arbitrary: fc.nat(120) },
    { weight: 8, arbitrary: fc.integer({ min: 120, max: 3_000 }) },
    { weight: 4, arbitrary: fc.integer({ min: 3_000, max: 70_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 70_000, max: 1_200_000 }) },
  ),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: wait },
  { weight: 6, arbitrary: deliver },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("move" as const), pick, to: folder }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("change" as const), pick, isRead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("change" as const), pick, categories: fc.constantFrom([], ["Theirs"]) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), queue }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("poll" as const), queue }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("pause" as const, "resume" as const), queue }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop" as const), deadlineMs: fc.constantFrom(0, 1_000, 30_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      fuse: fc.record({
        at: fc.constantFrom("write" as const, "request" as const),
        after: fc.oneof(fc.nat(3), fc.nat(12)),
        carriedOut: fc.boolean(),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "kill" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("freeze" as const), forMs: fc.constantFrom(2_000, 15_000, 60_000), takeOver: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("trouble" as const), queue, count: fc.integer({ min: 1, max: 4 }), after: fc.nat(3), trouble }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fill disk" as const), count: fc.integer({ min: 1, max: 3 }) }) },
);

export const script: fc.Arbitrary<Script> = fc.record({
  seed: fc.nat(2 ** 31),
  pageSize: fc.integer({ min: 1, max: 5 }),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  order: fc.constantFrom("hold" as const, "release" as const),
  highWaterBytes: fc.constantFrom(1, 7_000, 2 ** 25),
  listens: fc.boolean(),
  slowDiskMs: fc.constantFrom(0, 0, 30),
  before: fc.array(deliver, { maxLength: 3 }),
  commands: fc.array(command, { minLength: 1, maxLength: 24, size: "max" }),
});
