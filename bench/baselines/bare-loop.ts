/**
 * The bare loop: the same requests in the same order, pages of 100 and marks in batches of 20, each awaited; nothing is
 * kept, checked, retried or handed over. No client can do less. Imports nothing of the product.
 */
import { graphOrigin, select } from "./token.js";

const immutable = 'IdType="ImmutableId"';

/** Walks one inbox to its end and marks every message read; resolves with how many there were. */
export async function bareLoop(fetch: typeof globalThis.fetch, token: string): Promise<number> {
  const authorization = `Bearer ${token}`;
  let messages = 0;
  let next: string | undefined = `${graphOrigin}/v1.0/me/mailFolders/inbox/messages/delta?$select=${select}`;
  while (next !== undefined) {
    const page = await fetch(next, { headers: { authorization, prefer: `${immutable}, odata.maxpagesize=100` } });
    const { value, "@odata.nextLink": nextLink } = (await page.json()) as { value: { id: string }[]; "@odata.nextLink"?: string };
    for (let from = 0; from < value.length; from += 20) {
      const requests = value.slice(from, from + 20).map(({ id }, index) => ({
        id: String(index),
        method: "PATCH",
        url: `/me/messages/${encodeURIComponent(id)}`,
        headers: { "Content-Type": "application/json", Prefer: immutable },
        body: { isRead: true },
      }));
      const answer = await fetch(`${graphOrigin}/v1.0/$batch`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ requests }),
      });
      await answer.json();
    }
    messages += value.length;
    next = nextLink;
  }
  return messages;
}
