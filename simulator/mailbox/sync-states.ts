/**
 * The delta states Exchange keeps inside the mailbox for one folder and one app.
 * Invariant: at most the newest three generations live; a token names its generation and opens only in its own folder, unaltered.
 * Source: reports on microsoft-graph-docs issues 2877 and 2162 (three retained generations). Knows no request.
 */
import type { Random } from "../random.js";
import type { Change } from "./folder-log.js";

/** Where one walk through a folder stands; never altered once made. */
export interface SyncState {
  /** `$select` as first asked, undefined for all properties. */
  readonly select: string | undefined;
  readonly changeType: string | undefined;
  /** Only messages received at or after this, ms since 1970. */
  readonly receivedFrom: number | undefined;
  /** True in the round that began without a token. */
  readonly first: boolean;
  /** The window of log entries this round gives: from `start` up to, not including, `end`. */
  readonly start: number;
  readonly end: number;
  /** Entries of the window already walked. */
  readonly walked: number;
  readonly backwards: boolean;
  /** Set when the round is to follow an order of its own. */
  readonly order: readonly Change[] | undefined;
  /** Items this round may still give, when it is cut short. */
  readonly allowance: number | undefined;
  /** Given on an earlier page of this round and to be given again. */
  readonly replay: Change | undefined;
  /** Empty pages in a row just given. */
  readonly emptyRun: number;
  readonly done: boolean;
}

/** What a token opens. */
export type Opened = SyncState | "malformed" | { readonly lostGeneration: number };

/** The states of one folder. */
export interface SyncStates {
  /** Keeps a state as the newest generation and returns its token. */
  keep(state: SyncState): string;
  open(token: string): Opened;
  /** All states die. */
  forget(): void;
  /** Graph's own words for a dead generation. */
  lostText(generation: number): string;
}

const kept = 3;

/** The generation, as a token begins. */
const headCharacters = 16;

/** Makes the states of one folder. `tokenCharacters`: how long their tokens are, 16 or more. */
export function createSyncStates(random: Random, tokenCharacters: number): SyncStates {
  const generations = new Map<number, SyncState>();
  let highest = random.integer(100, 900);
  const mark = random.bytes(4).readUInt32BE(0);
  const fillerCharacters = tokenCharacters - headCharacters;
  const filler = random
    .bytes(Math.ceil((fillerCharacters * 3) / 4))
    .toString("base64url")
    .slice(0, fillerCharacters);

  function head(generation: number): string {
    const bytes = Buffer.allocUnsafe(12);
    bytes.writeUInt32BE(mark, 0);
    bytes.writeUInt32BE((generation ^ mark) >>> 0, 4);
    bytes.writeUInt32BE(Math.imul(generation + 1, 2_654_435_761) >>> 0, 8);
    return bytes.toString("base64url");
  }

  return {
    keep(state) {
      highest += 1;
      generations.set(highest, state);
      generations.delete(highest - kept);
      return head(highest) + filler;
    },
    open(token) {
      if (!token.endsWith(filler) || token.length !== tokenCharacters) return "malformed";
      const generation = (Buffer.from(token.slice(0, headCharacters), "base64url").readUInt32BE(4) ^ mark) >>> 0;
      if (!token.startsWith(head(generation))) return "malformed";
      return generations.get(generation) ?? { lostGeneration: generation };
    },
    forget() {
      generations.clear();
      highest += kept;
    },
    lostText(generation) {
      const alive = [highest, highest - 2, highest - 1].map((number) => `[${number}]`).join("");
      return `The sync state generation is not found; generation=${generation};[highest=${highest}]${alive}.`;
    },
  };
}
