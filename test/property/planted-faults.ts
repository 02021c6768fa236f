/** Faults of a daemon over its store, planted to show that the property would see them. */
import type { Commit, Store } from "../../src/state/store.js";

type Write = (commit: Commit) => ReturnType<Store["commit"]>;
type Puts = NonNullable<Commit["puts"]>;

const isOf = (kind: string) => (put: Puts[number]) => put.key[1] === kind;

/** A store whose commits go through `change` first. */
function changing(change: (commit: Commit, write: Write) => ReturnType<Store["commit"]>): (store: Store) => Store {
  return (store) => ({ ...store, commit: (commit) => change(commit, store.commit) });
}

/** A page's last new message is not recorded with it. */
export const dropsEntry = changing((commit, write) => {
  const { puts = [] } = commit;
  const last = puts.findLast(isOf("open"));
  return write(puts.some(isOf("cursor")) && last ? { ...commit, puts: puts.filter((put) => put !== last) } : commit);
});

/** The cursor goes ahead of the entries of its page. */
export const cursorFirst = changing(async (commit, write) => {
  const { puts = [], ...rest } = commit;
  const cursor = puts.filter(isOf("cursor"));
  if (cursor.length === 0) return write(commit);
  const first = await write({ ...rest, puts: cursor });
  return first.ok ? write({ ...rest, puts: puts.filter((put) => !isOf("cursor")(put)) }) : first;
});

/** What is settled is forgotten. */
export const forgetsSettled = changing((commit, write) => {
  const { puts = [] } = commit;
  const isSettled = ({ value }: Puts[number]) => (value as { readonly state?: unknown } | null)?.state === "settled";
  return write({ ...commit, puts: puts.filter((put) => !(isOf("final")(put) && isSettled(put))) });
});

/** A process that has lost its queue can still write. */
export const ignoresEpoch = changing((commit, write) =>
  write({ ...commit, checks: (commit.checks ?? []).filter(({ key }) => key[1] !== "epoch") }),
);

/** Failed attempts are not counted. */
export const countsNoAttempts = changing((commit, write) =>
  write({
    ...commit,
    puts: (commit.puts ?? []).map((put) => (isOf("open")(put) ? { ...put, value: { ...(put.value as object), attempts: 0 } } : put)),
  }),
);
