/**
 * The storm breaker of one queue: counts what each sender and each conversation sends, by the times it was received, and
 * says when that is more than people write.
 *
 * A storm begins with the message that is one too many within the window; it is over when half as many or fewer fall into
 * the window, or when nothing of it was met for as long as the window is. Both are told once, the end with the next message or the next
 * round that brings none.
 * Invariants: a message is counted once in a process, however often it is taken up; what is kept is bounded, the flows
 * that were met longest ago go first; addresses are neither kept nor told, only their hashes.
 */
import { hash } from "node:crypto";
import type { Clock } from "../base/clock.js";
import type { EmitDeliveryEvent } from "./events.js";
import type { OpenEntry } from "./ledger-record.js";
import type { StormRule } from "./storm-rule.js";

/** What a message says of where it comes from; absent where it does not. */
export interface Origin {
  readonly sender: string | undefined;
  readonly conversationId: string | undefined;
}

export interface StormsOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly rule: StormRule;
  readonly clock: Clock;
  readonly emit: EmitDeliveryEvent;
  /** Of the owner before. Default: none. */
  readonly flows?: readonly KeptFlow[] | undefined;
}

export interface Storms {
  /** A message is to be handed over for the first time. Why it is not to be, where the rule says so. */
  meet(entry: Pick<OpenEntry, "id" | "sequence" | "receivedAt">, origin: Origin): string | undefined;
  /** Tells what is over and forgets what is long ago. */
  rest(): void;
  /** Messages that are remembered. */
  readonly size: number;
  /** What is remembered, for the next of its kind. */
  readonly flows: readonly KeptFlow[];
}

/** A flow as it is kept from one owner of the queue to the next. */
export interface KeptFlow {
  readonly by: "sender" | "conversation";
  readonly key: string;
  readonly marks: readonly { readonly at: number; readonly sequence: number }[];
  readonly metAt: number;
  readonly storm?: { readonly id: string; readonly since: number; readonly messages: number } | undefined;
}

/** One message of a flow. */
interface Mark {
  /** Epoch milliseconds at which it was received; never in the future. */
  readonly at: number;
  readonly sequence: number;
}

interface Flow {
  readonly by: "sender" | "conversation";
  /** As it is told. */
  readonly key: string;
  /** The newest, by their times; at most one more than is no storm yet. */
  marks: Mark[];
  /** Epoch milliseconds at which one of it was met last. */
  metAt: number;
  /** While it is a storm. */
  storm?: { readonly id: string; readonly since: number; messages: number };
}

/** Messages that are remembered beside those that one storm of each kind takes. */
const leastRemembered = 5_000;
const hashLength = 16;

export function createStorms(options: StormsOptions): Storms {
  return new StormWatch(options);
}

class StormWatch implements Storms {
  readonly #options: StormsOptions;
  readonly #most: number;
  /** By kind and key, those met longest ago first; absent while there are none, as of most queues most of the time. */
  #flows: Map<string, Flow> | undefined;
  /** Likewise. */
  #storming: Set<Flow> | undefined;
  /** Messages in all flows. */
  #count = 0;

  constructor(options: StormsOptions) {
    this.#options = options;
    this.#most = leastRemembered + 2 * (options.rule.messages + 1);
    for (const kept of options.flows ?? []) this.#keep(kept);
  }

  #keep({ by, key, marks, metAt, storm }: KeptFlow): void {
    const flow: Flow = { by, key, marks: [...marks], metAt, ...(storm ? { storm: { ...storm } } : {}) };
    this.#flows ??= new Map();
    this.#flows.set(nameOf(flow), flow);
    this.#count += marks.length;
    if (!storm) return;
    this.#storming ??= new Set();
    this.#storming.add(flow);
  }

  meet(entry: Pick<OpenEntry, "id" | "sequence" | "receivedAt">, { sender, conversationId }: Origin): string | undefined {
    const { rule } = this.#options;
    if (rule.messages === 0) return undefined;
    for (const flow of this.#storming ?? []) if (this.#isQuiet(flow)) this.#forget(flow);
    const flows = [
      ...(sender ? [this.#flowOf("sender", hash("sha256", sender.toLowerCase(), "base64url").slice(0, hashLength))] : []),
      ...(conversationId ? [this.#flowOf("conversation", conversationId)] : []),
    ];
    for (const flow of flows) this.#count += this.#take(flow, entry);
    this.#makeRoom();
    // One storm is told once: a robot that fills a conversation is told as a sender.
    const stormy = flows.find((flow) => flow.storm) ?? flows.find((flow) => flow.marks.length > rule.messages);
    if (!stormy) return undefined;
    if (!stormy.storm) this.#begin(stormy, entry.id);
    if (rule.action === "deliver" || stormy.marks.every(({ sequence }) => sequence !== entry.sequence)) return undefined;
    return `a storm: more than ${rule.messages} messages of one ${stormy.by} within ${Math.ceil(rule.withinMs / 1_000)} s`;
  }

  rest(): void {
    for (const flow of this.#flows?.values() ?? []) if (this.#isQuiet(flow)) this.#forget(flow);
    if (this.#flows?.size === 0) this.#flows = undefined;
    if (this.#storming?.size === 0) this.#storming = undefined;
  }

  get size(): number {
    return this.#count;
  }

  get flows(): readonly KeptFlow[] {
    return [...(this.#flows?.values() ?? [])];
  }

  #flowOf(by: Flow["by"], key: string): Flow {
    const name = nameOf({ by, key });
    this.#flows ??= new Map();
    const flow = this.#flows.get(name) ?? { by, key, marks: [], metAt: 0 };
    this.#flows.delete(name);
    this.#flows.set(name, flow);
    flow.metAt = this.#options.clock.now();
    return flow;
  }

  /** By how many its messages grow. One that is older than the window is none of it. */
  #take(flow: Flow, { sequence, receivedAt }: Pick<OpenEntry, "sequence" | "receivedAt">): number {
    const { messages, withinMs } = this.#options.rule;
    const before = flow.marks.length;
    const at = Math.min(receivedAt, this.#options.clock.now());
    if (flow.marks.some((mark) => mark.sequence === sequence)) return 0;
    const place = flow.marks.findLastIndex((mark) => mark.at <= at) + 1;
    flow.marks.splice(place, 0, { at, sequence });
    const from = (flow.marks.at(-1)?.at ?? at) - withinMs;
    flow.marks = flow.marks.filter((mark) => mark.at > from).slice(-messages - 1);
    if (flow.storm && at > from) flow.storm.messages += 1;
    if (flow.storm && flow.marks.length <= messages / 2) this.#end(flow);
    return flow.marks.length - before;
  }

  #begin(flow: Flow, id: string): void {
    const { queue, rule, emit } = this.#options;
    flow.storm = { id, since: flow.marks[0]?.at ?? 0, messages: flow.marks.length };
    this.#storming ??= new Set();
    this.#storming.add(flow);
    emit("queue:storm", { queue, by: flow.by, key: flow.key, ...flow.storm, action: rule.action });
  }

  #end(flow: Flow): void {
    const { queue, emit } = this.#options;
    if (flow.storm) emit("queue:storm-over", { queue, by: flow.by, key: flow.key, ...flow.storm });
    delete flow.storm;
    this.#storming?.delete(flow);
  }

  #isQuiet({ metAt }: Flow): boolean {
    return metAt <= this.#options.clock.now() - this.#options.rule.withinMs;
  }

  #forget(flow: Flow): void {
    this.#end(flow);
    this.#count -= flow.marks.length;
    this.#flows?.delete(nameOf(flow));
  }

  #makeRoom(): void {
    for (const flow of this.#flows?.values() ?? []) {
      if (this.#count <= this.#most) return;
      this.#forget(flow);
    }
  }
}

function nameOf({ by, key }: Pick<Flow, "by" | "key">): string {
  return `${by} ${key}`;
}
