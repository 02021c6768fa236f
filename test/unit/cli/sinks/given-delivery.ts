/** A delivery as the daemon makes it, over a clock that stands still, with what it was settled by. */
import { clouds } from "../../../../src/base/cloud.js";
import type { Sink } from "../../../../src/cli/sinks/sink.js";
import { createDelivery, errorText, type RunningDelivery, type Verdict } from "../../../../src/delivery/delivery.js";
import type { JsonObject } from "../../../../src/graph/wire.js";
import type { ContentSource } from "../../../../src/mailbox/mail-content.js";
import { toMailMessage } from "../../../../src/mailbox/message.js";
import { createManualClock, type ManualClock } from "../../../support/manual-clock.js";

export const queue = "Support@contoso.com";
export const mimeText = "From: Ada <ada@example.com>\r\nSubject: Secret words\r\n\r\nWhere is my parcel?\r\n";

export interface Given extends RunningDelivery {
  readonly clock: ManualClock;
  /** Empty until it is settled. */
  readonly verdicts: readonly Verdict[];
}

export interface GivenOptions {
  readonly id?: string;
  readonly queue?: string;
  readonly attempt?: number;
  readonly item?: JsonObject;
  readonly mime?: ContentSource["mime"];
}

export const item: JsonObject = {
  receivedDateTime: "2026-03-01T08:00:00Z",
  sentDateTime: "2026-03-01T07:59:58Z",
  subject: "Secret words\nin two lines",
  from: { emailAddress: { name: "Ada", address: "ada@example.com" } },
  toRecipients: [{ emailAddress: { name: "", address: "support@contoso.com" } }],
  body: { contentType: "html", content: "<p>Where is my parcel?</p>" },
  bodyPreview: "Where is my parcel?",
  isRead: false,
};

export function given(options: GivenOptions = {}): Given {
  const { id = "AAMkAGI1/A+b==", queue: address = queue, attempt = 1, mime = async () => streamOf(mimeText) } = options;
  const clock = createManualClock();
  const verdicts: Verdict[] = [];
  const content: ContentSource = { attachments: async () => [], mime };
  const running = createDelivery({
    queue: address,
    key: `${address.toLowerCase()}/${id}`,
    attempt,
    clock,
    message: toMailMessage(id, options.item ?? item, { folder: "inbox", receivedAt: 0 }, content),
    handlerTimeoutMs: 300_000,
    abilities: clouds.global,
    settle: async (verdict) => void verdicts.push(verdict),
  });
  return Object.assign(running, { clock, verdicts });
}

/** Hands it to the sink as the daemon does; gives how it was settled. */
export async function handOver(sink: Sink, to: Given): Promise<Verdict> {
  try {
    await sink.handler(to.delivery);
    await to.end({ kind: "ack" });
  } catch (error) {
    await to.end({ kind: "retry", error: errorText(error) });
  }
  return to.verdicts[0] as Verdict;
}

export function streamOf(...texts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(Buffer.from(text));
      controller.close();
    },
  });
}
