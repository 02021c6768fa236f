/** A mail as a seed file or a command names it, and where it is put. */
import { z } from "zod";
import type { DamageOptions } from "../../../simulator/index.js";
import { type Shape, whole } from "./shape.js";

const text = z.string();
const flag = z.boolean().optional();

export const addressSchema = z.string().regex(/^[^\s@]+@[^\s@]+$/, "a full e-mail address");

const person = z.union([addressSchema, z.strictObject({ name: text.optional(), address: addressSchema })], {
  error: 'an e-mail address, or { "name", "address" }',
});
const people = z.array(person).optional();
const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'a date as ISO text, such as "2026-03-14T09:30:00Z"' });

const messageShape = {
  subject: text.optional(),
  from: person.optional(),
  to: people,
  cc: people,
  replyTo: people,
  text: text.optional(),
  html: text.optional(),
  uniqueBody: text.optional(),
  receivedAt: instant.optional(),
  isRead: flag,
  categories: z.array(text).optional(),
  conversationId: text.optional(),
  internetMessageId: text.optional(),
  headers: z.array(z.strictObject({ name: text, value: text })).optional(),
  importance: z.enum(["low", "normal", "high"]).optional(),
};

const hasOneBody = ({ text, html }: { text?: string | undefined; html?: string | undefined }) => text === undefined || html === undefined;
const oneBody = { error: "a mail with `text` or with `html`, not with both" };

const contentNames = ["text", "bytes", "file", "message", "link"] as const;

const attachment = z
  .strictObject({
    name: z.union([text, z.null()], { error: "a text or null" }).optional(),
    contentType: text.optional(),
    isInline: flag,
    contentId: text.optional(),
    /** Its content, as UTF-8. */
    text: text.optional(),
    /** How many bytes to make up. */
    bytes: whole(0).optional(),
    /** A file's path, relative to the seed file. */
    file: text.min(1).optional(),
    /** A mail, without attachments of its own. */
    message: z.strictObject(messageShape).refine(hasOneBody, oneBody).optional(),
    /** A link to a file elsewhere. */
    link: z.literal(true).optional(),
    damage: z.strictObject({ code: text.optional(), status: whole(400, 599).optional() }).optional(),
  })
  .refine((given) => contentNames.filter((name) => given[name] !== undefined).length < 2, {
    error: `an attachment with no more than one of ${contentNames.map((name) => `\`${name}\``).join(", ")}`,
  });

const damageShape = {
  code: text.optional(),
  status: whole(400, 599).optional(),
  page: z.literal([500, 504]).optional(),
  properties: z.union([z.literal("all"), z.array(text)], { error: '"all", or an array of names of properties' }).optional(),
  changes: flag,
} satisfies Shape<DamageOptions>;

export const messageSchema = z
  .strictObject({
    ...messageShape,
    attachments: z.array(attachment).optional(),
    /** A well-known name, or a path of names with slashes between. Default "inbox". */
    folder: text.min(1).optional(),
    /** How many of it. Default 1. */
    count: whole(1, 100_000).optional(),
    /** Whether delta rounds keep silent about its arrival. Default false. */
    unseen: flag,
    damage: z.union([z.boolean(), z.strictObject(damageShape)], { error: "true, or an object" }).optional(),
  })
  .refine(hasOneBody, oneBody);

export type SeedMessage = z.output<typeof messageSchema>;
export type SeedAttachment = z.output<typeof attachment>;
/** A mail without a place and without attachments. */
export type BareMessage = z.output<z.ZodObject<typeof messageShape>>;
