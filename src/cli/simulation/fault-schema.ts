/** A fault as a seed file names it: every field of the simulator's, each with its range. */
import { z } from "zod";
import type { Fault, RouteName } from "../../../simulator/index.js";
import { type Shape, whole } from "./shape.js";

/** Each of the simulator's: a new one does not compile until it is here. */
const routeNames = {
  token: true,
  discovery: true,
  devicecode: true,
  deviceauth: true,
  authorize: true,
  me: true,
  user: true,
  folders: true,
  folder: true,
  createFolder: true,
  messages: true,
  message: true,
  delta: true,
  patch: true,
  move: true,
  delete: true,
  copy: true,
  permanentDelete: true,
  attachments: true,
  attachment: true,
  attachmentValue: true,
  mime: true,
  batch: true,
  unknown: true,
} satisfies Record<RouteName, true>;

const route = z.enum(Object.keys(routeNames) as [RouteName, ...RouteName[]]);

const faultShape = {
  name: z.string(),
  route: z.union([route, z.array(route)], { error: `one or several of ${Object.keys(routeNames).join(", ")}` }).optional(),
  mailbox: z.string().optional(),
  messageId: z.string().optional(),
  pageLargerThan: whole(0).optional(),
  count: whole(1).optional(),
  after: whole(0).optional(),
  probability: z.number().min(0).max(1).optional(),
  status: whole(200, 599).optional(),
  body: z.unknown().optional(),
  aadsts: whole(1).optional(),
  graphCode: z.string().min(1).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  retryAfter: z.union([z.number().min(0), z.string()], { error: "seconds, or the text of the header" }).optional(),
  delayMs: whole(0, 2 ** 31 - 1).optional(),
  dropSocket: z.enum(["before", "after"]).optional(),
  truncate: whole(0).optional(),
  loop: z.enum(["same-link", "same-content"]).optional(),
  endless: z.boolean().optional(),
  dropNextLink: z.boolean().optional(),
  effect: z.enum(["before", "after"]).optional(),
} satisfies Shape<Fault>;

export const faultSchema = z.strictObject(faultShape);
