/** What of a message is fetched, and in which form. */
import { z } from "zod";

/** What of a message is fetched. */
export interface ContentOptions {
  /** The form of the body; `"none"` for hosts that take the MIME text instead. Default `"html"`: as Graph makes it harmless. */
  readonly body?: "html" | "text" | "none";
  /** Whether internet message headers are fetched. Default true. Without them thread ids are absent, and only the sender tells a program's mail. */
  readonly headers?: boolean;
  /**
   * HTML as it was sent, with scripts, forms and whatever else Graph takes out: to be kept or looked into, never to be shown as it is.
   * Not together with `body: "text"`. Default false.
   */
  readonly unsafeHtml?: boolean;
  /**
   * Whether `uniqueBody` is fetched too, what the mail says beside the text it quotes. Such a queue fetches each message by its id,
   * 20 to a request, as rounds are not known to bring it. Default false.
   */
  readonly uniqueBody?: boolean;
}

export const contentSchema = z
  .strictObject({
    body: z.enum(["html", "text", "none"]).optional(),
    headers: z.boolean().optional(),
    unsafeHtml: z.boolean().optional(),
    uniqueBody: z.boolean().optional(),
  })
  .refine(({ body, unsafeHtml }) => !(unsafeHtml && body === "text"), {
    error: 'only where the body is not "text", which has no HTML',
    path: ["unsafeHtml"],
  });
