/**
 * A mark: what is to be done with a message on the server once it is settled, and how one that comes with a settlement
 * goes together with the queue's.
 *
 * Invariant: what leaves this file can be carried out in the queue's cloud, and asks for one place at most.
 */
import { z } from "zod";
import { checked } from "../base/check.js";
import type { Cloud } from "../base/cloud.js";
import { ConfigError } from "../base/errors.js";
import { stated } from "../base/stated.js";
import { readFolderName, wrongFolderName } from "./folder-name.js";

/** What to do on the server; nothing when empty. Changes come first, then the move or the deletion. */
export interface Mark {
  /** Marks it as read. Default false; `afterAck` by itself is `{ markRead: true }`. */
  readonly markRead?: boolean;
  /** Added to the message's categories; the others stay. Default none. */
  readonly addCategories?: readonly string[];
  /** Sets the follow-up flag. Default false. Not in China's cloud, whose messages have none. */
  readonly flag?: boolean;
  /**
   * The folder to move it to: a well-known name (`archive`), an id, or a path of display names from the top of the mailbox or
   * from a well-known folder (`Done/2026`, `inbox/Done`); a slash inside a name is written `%2F`, a percent sign `%25`. Default:
   * it stays where it is.
   */
  readonly moveTo?: string;
  /** Makes the folders of a `moveTo` path that are not there. Default false: then `message:mark-failed` tells it. */
  readonly createFolder?: boolean;
  /**
   * True: to Deleted Items. `"permanently"`: to where only an administrator reaches it; in the global cloud alone. Default false. Not
   * together with `moveTo`.
   */
  readonly delete?: boolean | "permanently";
}

/** A mark for one message: each property given takes the place of the queue's. */
export interface DeliveryMark extends Omit<Mark, "moveTo"> {
  /** As in {@link Mark}; false: it stays where it is, whatever the queue's mark says. Default: what the queue's mark says. */
  readonly moveTo?: string | false;
}

/** What of marks depends on the cloud. */
export type MarkAbilities = Pick<Cloud, "hasPermanentDelete" | "hasFlag">;

const folder = z.string().superRefine((text, context) => {
  const wrong =
    wrongFolderName(text) ?? (readFolderName(text).below.some((name) => name.trim() === "") ? "a path without blank names" : undefined);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong, input: text });
});

const fields = {
  markRead: z.boolean().optional(),
  addCategories: z.array(z.string().min(1)).optional(),
  flag: z.boolean().optional(),
  moveTo: folder.optional(),
  createFolder: z.boolean().optional(),
  delete: z
    .custom<boolean | "permanently">((given) => typeof given === "boolean" || given === "permanently", {
      error: 'true, false or "permanently"',
    })
    .optional(),
};

const onePlace = (given: { delete?: unknown; moveTo?: unknown }) => !(given.delete && given.moveTo !== undefined && given.moveTo !== false);
const twoPlaces = { error: "either `delete` or `moveTo`, not both" };

/** Of a queue's mark. */
export const markSchema = z.strictObject(fields).refine(onePlace, twoPlaces);

const deliveryMarkSchema = z
  .strictObject({ ...fields, moveTo: z.union([z.literal(false), folder], { error: "false or the name of a folder" }).optional() })
  .refine(onePlace, twoPlaces);

/** @throws ConfigError `CONFIG_INVALID` when the cloud cannot do it; `path` names the mark */
export function assertPossible(mark: DeliveryMark | undefined, { hasPermanentDelete, hasFlag }: MarkAbilities, path: string): void {
  if (mark?.delete === "permanently" && !hasPermanentDelete)
    throw impossible(`${path}.delete`, '"permanently": only the global cloud of Microsoft 365 deletes for good');
  if (mark?.flag && !hasFlag) throw impossible(`${path}.flag`, "true: messages have no flag in this cloud");
}

function impossible(option: string, got: string): ConfigError {
  return new ConfigError("CONFIG_INVALID", `Expected \`${option}\` to be something that this cloud can do, got ${got}.`);
}

/** What a host gave with a settlement. @throws ConfigError `CONFIG_INVALID` */
export function checkedMark(given: unknown, abilities: MarkAbilities): DeliveryMark | undefined {
  if (given === undefined) return undefined;
  const mark = stated(checked(deliveryMarkSchema, given, "mark")) as DeliveryMark;
  assertPossible(mark, abilities, "mark");
  return mark;
}

/** The queue's mark with what was given for one message; nothing when that leaves nothing to do. */
export function mergedMark(ofQueue: Mark | undefined, given: DeliveryMark | undefined): Mark | undefined {
  if (!given) return ofQueue;
  const { moveTo, delete: away, ...others } = { ...ofQueue, ...given };
  // A place that is given takes that of the other kind too.
  const place = given.delete
    ? { delete: given.delete }
    : given.moveTo
      ? { moveTo: given.moveTo }
      : { moveTo: moveTo || undefined, delete: away };
  const merged = stated({ ...others, ...place }) as Mark;
  return isEmptyMark(merged) ? undefined : merged;
}

/** True when the mark asks for nothing. */
export function isEmptyMark(mark: Mark): boolean {
  const { markRead, flag, delete: away, moveTo, addCategories = [] } = mark;
  return !markRead && !flag && !away && moveTo === undefined && addCategories.length === 0;
}
