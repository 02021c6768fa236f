/**
 * Commits as calls of the commit script: one call takes what one space is to do, in order.
 *
 * Invariant: commits are sent in the order in which they came. Calls that are under way together are of different spaces,
 * so that the server needs to keep no more than a sender's last call of each.
 */
import type { SpaceBytes } from "./redis-layout.js";
import { fieldOf, spaceOf } from "./redis-layout.js";
import type { PreparedCommit } from "./request.js";
import type { CommitResult } from "./store.js";

export interface Call {
  readonly space: SpaceBytes;
  readonly commits: PreparedCommit[];
}

/** Empty for a commit that names no key. */
export function spaceOfCommit({ checks, puts, deletes }: PreparedCommit): SpaceBytes | undefined {
  const bytes = checks[0]?.bytes ?? puts[0]?.bytes ?? deletes[0];
  return bytes === undefined ? undefined : spaceOf(bytes);
}

/** Calls in the order in which they are to be sent: those of one list together, one list after another. */
export function callsOf(commits: readonly PreparedCommit[]): Call[][] {
  const batches: Call[][] = [];
  /** The calls of the newest batch by their space. */
  let open = new Map<SpaceBytes, Call>();
  let newest: Call | undefined;
  for (const commit of commits) {
    const space = spaceOfCommit(commit);
    if (space === undefined) continue;
    if (newest?.space === space) {
      newest.commits.push(commit);
      continue;
    }
    newest = { space, commits: [commit] };
    if (batches.length === 0 || open.has(space)) {
      open = new Map();
      batches.push([]);
    }
    open.set(space, newest);
    batches.at(-1)?.push(newest);
  }
  return batches;
}

/** What the commit script is given behind the sender's parameters. */
export function parametersOf({ space, commits }: Call): (string | number)[] {
  const parameters: (string | number)[] = [];
  for (const { checks, puts, deletes } of commits) {
    parameters.push(checks.length, puts.length, deletes.length);
    for (const { bytes, version } of checks) parameters.push(fieldOf(space, bytes), version === null ? "" : String(version));
    for (const { bytes, json } of puts) parameters.push(fieldOf(space, bytes), json);
    for (const bytes of deletes) parameters.push(fieldOf(space, bytes));
  }
  return parameters;
}

/** One result per commit of the call, from what the script gave. */
export function resultsOf({ commits }: Call, answers: readonly string[]): CommitResult[] {
  return commits.map((commit, at): CommitResult => {
    const answer = answers[at] as string;
    if (!answer.startsWith("!")) return { ok: true, version: Number(answer) };
    const failed = commit.checks[Number(answer.slice(1))];
    if (!failed) throw new Error("The script named a check that was not sent.");
    return { ok: false, failed: failed.key };
  });
}
