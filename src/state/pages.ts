/** All that lies under a prefix, page by page: there may be more than should be in memory at once. */
import type { Entry, Key, Store } from "./store.js";

/** Pages of up to `limit` entries, in the order of keys; each page is from one moment, all of them are not. @throws MailError `STORE_…` */
export async function* pagesUnder(store: Pick<Store, "list">, prefix: Key, limit: number): AsyncGenerator<Entry[], void> {
  for (let after: Key | undefined; ; ) {
    const page = await store.list({ prefix, limit, ...(after ? { after } : {}) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.key;
    if (page.length < limit) return;
  }
}
