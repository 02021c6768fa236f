/**
 * The loop that a careful user writes with the Graph SDK: its default middleware, PageIterator over delta in pages of
 * 100, each message handled and then marked read by a PATCH of its own, the cursor in a JSON file once a round is done.
 * What is marked already is passed over, so that a crash costs no double. Imports nothing of the product.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import {
  Client,
  type Context,
  type Middleware,
  MiddlewareFactory,
  type PageCollection,
  PageIterator,
} from "@microsoft/microsoft-graph-client";
import { select } from "./token.js";

interface Message {
  readonly id: string;
  readonly isRead?: boolean;
  readonly "@removed"?: unknown;
}

const headers = { Prefer: 'IdType="ImmutableId", odata.maxpagesize=100' };

/** Brings the inbox up to date; resolves with how many messages were handled. */
export async function sdkLoop(
  fetch: typeof globalThis.fetch,
  token: string,
  { file, handle }: { file: string; handle: (message: Message) => Promise<void> },
): Promise<number> {
  const client = sdkClient(fetch, token);
  const from = (await savedCursor(file)) ?? `/me/mailFolders/inbox/messages/delta?$select=${select}`;
  const first = (await client.api(from).headers(headers).get()) as PageCollection;
  /** What the iterator gave and is not handled yet; it takes no promise, so it is stopped at every page. */
  let page: Message[] = [];
  const iterator = new PageIterator(
    client,
    first,
    (message: Message) => {
      page.push(message);
      return page.length < 100;
    },
    { headers },
  );
  let handled = 0;
  do {
    await iterator.iterate();
    for (const message of page) {
      if (message["@removed"] !== undefined || message.isRead !== false) continue;
      await handle(message);
      await client
        .api(`/me/messages/${encodeURIComponent(message.id)}`)
        .headers({ Prefer: headers.Prefer })
        .patch({ isRead: true });
      handled += 1;
    }
    page = [];
  } while (!iterator.isComplete());
  await writeFile(`${file}.new`, JSON.stringify({ deltaLink: iterator.getDeltaLink() }));
  await rename(`${file}.new`, file);
  return handled;
}

async function savedCursor(file: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as { deltaLink?: string }).deltaLink;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The SDK's default chain; only its last link, which calls the global `fetch`, sends through the door of the run. */
function sdkClient(fetch: typeof globalThis.fetch, token: string): Client {
  const chain = MiddlewareFactory.getDefaultMiddlewareChain({ getAccessToken: async () => token });
  const send: Middleware = {
    async execute(context: Context) {
      context.response = await fetch(context.request, context.options);
    },
  };
  chain[chain.length - 1] = send;
  for (const [index, link] of chain.entries()) if (index + 1 < chain.length) link.setNext?.(chain[index + 1] as Middleware);
  return Client.initWithMiddleware({ middleware: chain[0] as Middleware });
}
