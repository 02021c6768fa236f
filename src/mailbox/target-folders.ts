/**
 * The folders that marks move messages to: found by their path, and made where that is allowed.
 *
 * Invariants: what is found is remembered for ten minutes, so that a folder that was renamed, moved or deleted is missed
 * after that; what is missing is not remembered. Whoever makes a folder first makes it for all: a name that is there
 * already (409) is looked for again. That a folder is missing is said only while the mailbox itself answers. A class, made
 * with the first such mark: idle queues have none.
 */
import { MailError } from "../base/errors.js";
import { sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { isObject, isSearchFolder, type Json, parseObject } from "../graph/wire.js";
import { isCalled, readFolderName } from "./folder-name.js";
import { childFolders } from "./folder-tree.js";
import type { Mark } from "./mark.js";
import { preferences } from "./message.js";
import { mailboxAnswers } from "./reader.js";

export interface TargetFolders {
  /**
   * What Graph is to be told as the destination: an id, or a well-known name.
   * @throws MailError `SYNC_FOLDER_NOT_FOUND` when it is not there, or cannot be made; `GRAPH_…`, `AUTH_…` when it cannot be asked for
   */
  idOf(target: Pick<Mark, "moveTo" | "createFolder">, signal?: AbortSignal): Promise<string>;
  /** Its id; nothing while it cannot be had: then none is looked up for a minute. Rejects with the reason of an abort. */
  lookUp(moveTo: string, signal: AbortSignal): Promise<string | undefined>;
  /** It is asked for again: Graph says that it is not there. */
  forget(moveTo: string): void;
  /** Nothing is remembered. */
  readonly isEmpty: boolean;
}

export function createTargetFolders(client: GraphClient, mailbox: MailboxAccess): TargetFolders {
  return new RememberedFolders(client, mailbox);
}

const rememberedMs = 600_000;
const leftAloneMs = 60_000;
/** One name is one folder of a parent, but for letter case. */
const select = "id,displayName";

class RememberedFolders implements TargetFolders {
  readonly #client: GraphClient;
  readonly #mailbox: MailboxAccess;
  /** By `moveTo` as configured. */
  readonly #known = new Map<string, { readonly id: string; readonly until: number }>();

  /** Epoch milliseconds until which nothing is looked up. */
  #leftAloneUntil = 0;

  constructor(client: GraphClient, mailbox: MailboxAccess) {
    this.#client = client;
    this.#mailbox = mailbox;
  }

  async idOf({ moveTo = "", createFolder = false }: Pick<Mark, "moveTo" | "createFolder">, signal?: AbortSignal): Promise<string> {
    const { base, below } = readFolderName(moveTo);
    if (below.length === 0) return base;
    const known = this.#known.get(moveTo);
    if (known && known.until > this.#client.clock.now()) return known.id;
    let parent = base;
    for (const [depth, displayName] of below.entries()) {
      const place = { parent, displayName, isTop: depth === 0, moveTo, signal };
      const found = (await this.#find(place)) ?? (createFolder ? await this.#make(place) : undefined);
      if (found === undefined) throw this.#missing(place);
      parent = found;
    }
    this.#known.set(moveTo, { id: parent, until: this.#client.clock.now() + rememberedMs });
    return parent;
  }

  async lookUp(moveTo: string, signal: AbortSignal): Promise<string | undefined> {
    if (this.#leftAloneUntil > this.#client.clock.now()) return this.#known.get(moveTo)?.id;
    try {
      return await this.idOf({ moveTo }, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof MailError)) throw error;
      this.#leftAloneUntil = this.#client.clock.now() + leftAloneMs;
      return undefined;
    }
  }

  forget(moveTo: string): void {
    this.#known.delete(moveTo);
  }

  get isEmpty(): boolean {
    const now = this.#client.clock.now();
    return this.#leftAloneUntil <= now && [...this.#known.values()].every(({ until }) => until <= now);
  }

  #target(parent: string): string {
    return `${this.#mailbox.root}/mailFolders/${encodeURIComponent(parent)}/childFolders`;
  }

  async #find({ parent, displayName, isTop, signal }: Place): Promise<string | undefined> {
    const filter = encodeURIComponent(`displayName eq '${displayName.replaceAll("'", "''")}'`);
    const target = `${this.#target(parent)}?$select=${select}&includeHiddenFolders=true&$filter=${filter}`;
    const call = { method: "GET", target, prefer: preferences(), what: "the folder of a mark", urgency: "urgent", signal } as const;
    try {
      const { text } = await this.#client.call(this.#mailbox, call);
      return idIn(parseObject(text, "a list of folders").value, displayName);
    } catch (error) {
      if (signal?.aborted || !(error instanceof MailError) || !isNotThere(error)) throw error;
      // "Default folder Root not found" comes with the same code when there is no mailbox at all (Zammad's documentation).
      if (isTop && !(await mailboxAnswers(this.#client, this.#mailbox, signal ?? new AbortController().signal))) throw this.#away(error);
      return undefined;
    }
  }

  async #make(place: Place): Promise<string> {
    const { parent, displayName, signal } = place;
    const part = { id: "1", method: "POST", path: this.#target(parent), body: { displayName }, prefer: preferences() } as const;
    const request = { parts: [part], what: "making the folder of a mark", urgency: "urgent", signal, tries: 1 } as const;
    const answer = (await sendBatch(this.#client, this.#mailbox, request)).get("1");
    if (answer?.ok) {
      const id = isObject(answer.body) ? answer.body.id : undefined;
      if (typeof id === "string") return id;
      throw new MailError("GRAPH_BAD_RESPONSE", `Graph made a folder in ${this.#mailbox.queue} and gave no id of it.`, {
        queue: this.#mailbox.queue,
      });
    }
    const error = answer?.error ?? new MailError("GRAPH_BAD_RESPONSE", `Graph did not answer for a folder of ${this.#mailbox.queue}.`);
    // Somebody was faster, or the answer of an earlier try was lost.
    const found = error.status === 409 ? await this.#findTaken(place) : undefined;
    if (found !== undefined) return found;
    throw isFinal(error) ? this.#missing(place, error) : error;
  }

  /** Graph's filter may be stricter about a name than the folder that bears it: then by a list of all. */
  async #findTaken(place: Place): Promise<string | undefined> {
    const found = await this.#find(place);
    if (found !== undefined) return found;
    const { parent, displayName, signal } = place;
    const nodes = await childFolders(this.#client, this.#mailbox, { folder: parent, name: "of a mark", urgency: "urgent", signal });
    return nodes.find((node) => isCalled(node.displayName, displayName))?.id;
  }

  /** Names the folder as configured, and says what to do. `refused`: it was to be made. */
  #missing({ moveTo, displayName }: Place, refused?: MailError): MailError {
    const { queue } = this.#mailbox;
    const which = moveTo === displayName ? "" : `, as "${displayName}" is not there`;
    const { status, serviceCode } = refused ?? {};
    const advice = refused
      ? `It could not be made: Graph answered ${status ?? "nothing"} ${serviceCode ?? "without a code"}. ${remedyFor(serviceCode)}`
      : "Make the folder, mend the name, or set `createFolder: true`.";
    return new MailError(
      "SYNC_FOLDER_NOT_FOUND",
      `There is no folder "${moveTo}" in ${queue}${which}: the message stays where it is. ${advice}`,
      { queue, ...(status === undefined ? {} : { status }), ...(serviceCode === undefined ? {} : { serviceCode }) },
    );
  }

  #away(cause: MailError): MailError {
    const { queue } = this.#mailbox;
    return new MailError("GRAPH_MAILBOX_UNAVAILABLE", `The mailbox of ${queue} did not answer when a folder was looked for.`, {
      queue,
      cause,
    });
  }
}

interface Place {
  /** Id, or well-known name. */
  readonly parent: string;
  readonly displayName: string;
  /** The parent is a folder that every mailbox has. */
  readonly isTop: boolean;
  readonly moveTo: string;
  readonly signal: AbortSignal | undefined;
}

/** The folder of exactly that name, else the one whose name differs in letter case. */
function idIn(folders: Json | undefined, displayName: string): string | undefined {
  const all = (Array.isArray(folders) ? folders : []).filter(isObject);
  const named = all.filter((folder) => typeof folder.displayName === "string" && !isSearchFolder(folder));
  const same = named.find((folder) => folder.displayName === displayName);
  const like = named.find((folder) => isCalled(String(folder.displayName), displayName));
  const id = (same ?? like)?.id;
  return typeof id === "string" ? id : undefined;
}

function isNotThere({ code }: MailError): boolean {
  return code === "GRAPH_NOT_FOUND" || code === "SYNC_FOLDER_NOT_FOUND";
}

/** Refusals of the folder itself, which nobody waits out; those of a server in trouble pass. */
function isFinal({ code }: MailError): boolean {
  return ["GRAPH_FORBIDDEN", "GRAPH_REFUSED", "GRAPH_NOT_FOUND", "GRAPH_CONFLICT", "SYNC_FOLDER_NOT_FOUND"].includes(code);
}

function remedyFor(serviceCode = ""): string {
  if (/quota/i.test(serviceCode)) return "Make room in the mailbox, or make the folder by hand.";
  if (/folderexists/i.test(serviceCode)) return "What bears that name there takes no mail, as a search folder: choose another name.";
  return "Make the folder by hand, or let the account make folders in this mailbox.";
}
