/**
 * The folders of one queue that have rounds, as they are known now.
 *
 * Invariants: a folder has one entry, whatever it was configured by; `key` is what Graph is asked by and what cursors and
 * ledger entries name, `name` is what hosts are told. Where every configured folder is one that Graph can be asked by, as
 * in nearly all queues, nothing is looked for and nothing is kept.
 */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import type { GraphClient } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { type FolderOption, isDirect, isFolderId } from "../mailbox/folder-name.js";
import type { Commit } from "../state/store.js";
import type { EmitScheduleEvent } from "./events.js";

export interface WatchedFolder {
  /** Well-known name or id; of a folder that is not there, a text that is neither. */
  readonly key: string;
  /** As configured; below a folder that is watched with its subtree, the path. */
  readonly name: string;
  /** Why it could not be looked for, or what is below it: it has no round. */
  readonly error?: MailError;
  /** It is among them no longer: one more round brings what came before it went. */
  readonly leaving?: true;
}

/** What looking for folders takes; a turn's work has it. */
export interface FolderLook {
  readonly client: GraphClient;
  readonly clock: Clock;
  readonly emit: EmitScheduleEvent;
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

export interface WatchedFolders {
  readonly all: readonly WatchedFolder[];
  /** What a host is told for a key, also for one that is not watched any more. */
  nameOf(key: string): string;
  /** Looks for those whose time it is; gives all. @throws MailError of what is not of one folder alone; `STORE_…`, `LIFECYCLE_…` */
  look(work: FolderLook): Promise<readonly WatchedFolder[]>;
  /** The next `look` looks for all of them. */
  lookAgain(): void;
  /** True where a folder that is not there any more may be another, or none, after the next look. */
  isFound(key: string): boolean;
  /** A folder that is leaving has had its last round, or could not have it as it is not there. @throws MailError `STORE_…`, `LIFECYCLE_…` */
  left(key: string, work: FolderLook): Promise<void>;
  /** True for a configured name, as far as it had to be looked for. */
  isConfigured(name: string): boolean;
  /** For another mailbox behind the address: the keys that stay, and what else begins anew. */
  begunAnew(): { readonly keys: readonly string[]; readonly puts: NonNullable<Commit["puts"]> };
  /** That is durable. */
  beginAnew(): void;
}

/** True when Graph can be asked by each as it is configured, and no two of them can be the same folder. */
export function areDirect(folders: readonly FolderOption[]): folders is readonly string[] {
  if (!folders.every((one) => typeof one === "string" && isDirect(one))) return false;
  const ids = folders.filter((one) => isFolderId(one as string)).length;
  return ids === 0 || ids === folders.length;
}

export function directFolders(names: readonly string[]): WatchedFolders {
  return names.length === 1 && names[0] === "inbox" ? inboxAlone : new DirectFolders(names);
}

class DirectFolders implements WatchedFolders {
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Made at each call: an idle queue keeps none. */
  get all(): readonly WatchedFolder[] {
    return this.#names.map((name) => ({ key: name, name }));
  }

  nameOf(key: string): string {
    return key;
  }

  async look(): Promise<readonly WatchedFolder[]> {
    return this.all;
  }

  lookAgain(): void {
    // There is nothing to look for.
  }

  isFound(): boolean {
    return false;
  }

  async left(): Promise<void> {
    // None ever leaves.
  }

  isConfigured(): boolean {
    return false;
  }

  begunAnew() {
    return { keys: this.#names, puts: [] };
  }

  beginAnew(): void {
    // Nothing is kept.
  }
}

/** Of all queues that name no folder: it keeps nothing of them. */
const inboxAlone = new DirectFolders(["inbox"]);
