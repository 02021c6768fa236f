/**
 * The order in which those who wait are served: the urgent before the backlog, the backlog before sweeps; within each,
 * one of every lane in turn, so that a lane with much to do takes no more than its share.
 *
 * Invariant: nobody waits for ever: of eight, one is of the less urgent kinds that wait, of each in turn; whose turn it is
 * is seen anew when somebody comes. It must not know what is waited for.
 */

/** Marks and what a host waits for; rounds and reading; sweeps. */
export type Urgency = "urgent" | "backlog" | "sweep";

export interface Waiting {
  readonly urgency: Urgency;
  /** Whose turn it is: a mailbox, a kind of work. */
  readonly lane: unknown;
  /** It waits no longer: it is passed over. */
  gone: boolean;
}

export interface FairOrder<Item extends Waiting> {
  add(item: Item): void;
  /** Whose turn it is, until `next`; empty when nobody waits. */
  readonly head: Item | undefined;
  /** The head has been served. */
  next(): void;
}

const kinds: readonly Urgency[] = ["urgent", "backlog", "sweep"];
const lessUrgentFirst: readonly (readonly Urgency[])[] = [
  ["backlog", "sweep", "urgent"],
  ["sweep", "backlog", "urgent"],
];
/** One in so many is of a less urgent kind. */
const share = 8;

export function createFairOrder<Item extends Waiting>(): FairOrder<Item> {
  /** By kind, those who wait by their lanes, the lane whose turn comes next first; no lane is empty. */
  const lanes = { urgent: new Map<unknown, Item[]>(), backlog: new Map<unknown, Item[]>(), sweep: new Map<unknown, Item[]>() };
  let head: Item | undefined;
  /** By kind, the one whose turn it was when somebody else came: still the next of its kind. */
  const stoodBack = new Map<Urgency, Item>();
  let served = 0;

  function take(kind: Urgency): Item | undefined {
    const before = stoodBack.get(kind);
    stoodBack.delete(kind);
    if (before && !before.gone) return before;
    const waiting = lanes[kind];
    for (const [lane, items] of waiting) {
      // Its next one comes after one of every other lane.
      waiting.delete(lane);
      const left = items.filter(({ gone }) => !gone);
      const first = left.shift();
      if (left.length > 0) waiting.set(lane, left);
      if (first) return first;
    }
    return undefined;
  }

  function choose(): Item | undefined {
    const others = lessUrgentFirst[Math.floor(served / share) % lessUrgentFirst.length] as readonly Urgency[];
    for (const kind of served % share === share - 1 ? others : kinds) {
      const item = take(kind);
      if (item) return item;
    }
    return undefined;
  }

  return {
    add(item) {
      const items = lanes[item.urgency].get(item.lane);
      if (items) items.push(item);
      else lanes[item.urgency].set(item.lane, [item]);
      if (head) stoodBack.set(head.urgency, head);
      head = undefined;
    },
    get head() {
      if (!head || head.gone) head = choose();
      return head;
    },
    next() {
      head = undefined;
      served += 1;
    },
  };
}
