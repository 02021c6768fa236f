/** Work that ends only while time moves on, for tests that own the time. */

/** What the work gives; `step` moves the time as often as that takes. */
export async function stepping<T>(work: Promise<T>, step: () => Promise<unknown>): Promise<T> {
  let settled = false;
  const end = () => {
    settled = true;
  };
  work.then(end, end);
  while (!settled) await step();
  return work;
}
