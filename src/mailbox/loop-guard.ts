/**
 * Sees that a round goes on: Graph was seen to give the same nextLink for ever, and ever new nextLinks to the same
 * messages (microsoft-graph-docs 4897, msgraph-sdk-dotnet 3082).
 *
 * Invariant: a round that goes on passes. Empty pages do (Microsoft expects runs of them: microsoft-graph-docs 20637), and
 * so do repeated items: only a link, or a page with the very same content, that comes for the third time is a loop.
 */
import { createHash } from "node:crypto";
import { MailError } from "../base/errors.js";
import { versionOf } from "../graph/wire.js";
import type { FolderPage } from "./round.js";

export interface LoopGuard {
  /** Takes note of a page. @throws MailError `SYNC_ROUND_LOOPED` */
  pass(page: Pick<FolderPage, "items" | "link">): void;
}

/** So often the same is seen that it is a loop. */
const often = 3;
/** Fewer items than these can be the same by chance of replays, when pages have become small. */
const fewItems = 3;
const oftenWithFew = 10;
/** Empty pages in a row. */
const emptyPages = 500;

/** For one round of a folder. */
export function createLoopGuard(folder: string, queue: string): LoopGuard {
  /** How often each link and each page was seen, by hash. */
  const seen = new Map<string, number>();
  let empty = 0;

  function note(what: string): number {
    const hash = createHash("sha256").update(what).digest("base64url").slice(0, 16);
    const times = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, times);
    return times;
  }

  function looped(what: string): MailError {
    const message = `Graph's pages of the folder ${folder} of ${queue} do not come to an end: ${what}. The folder is begun anew.`;
    return new MailError("SYNC_ROUND_LOOPED", message, { queue });
  }

  return {
    pass({ items, link }) {
      if (link.kind === "delta") return;
      if (note(link.url) >= often) throw looped("the same link came again and again");
      empty = items.length === 0 ? empty + 1 : 0;
      if (empty >= emptyPages) throw looped(`${emptyPages} pages in a row were empty`);
      if (items.length === 0) return;
      const content = items.map(({ id, removed, properties }) => `${id} ${removed} ${versionOf(properties) ?? ""}`);
      if (note(content.join("\n")) >= (items.length < fewItems ? oftenWithFew : often))
        throw looped("the same messages came again and again");
    },
  };
}
