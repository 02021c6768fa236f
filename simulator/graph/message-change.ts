/**
 * Reads the body of a PATCH: which properties of a received message change, and to what.
 * Invariant: what cannot be changed is refused, what is not known fails loudly, nothing is ignored. Knows no mailbox.
 * Source: message-update (properties updatable on received mail).
 */
import type { SimulatedCloud } from "../cloud.js";
import type { MessageChange } from "../mailbox/mailbox.js";
import { selectableProperties } from "./message-property.js";
import { GraphRefusal, unknownParameter } from "./refusal.js";

const isText = (value: unknown): value is string => typeof value === "string";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const oneOf =
  (...choices: string[]) =>
  (value: unknown) =>
    isText(value) && choices.includes(value);

const updatable: { readonly [Name in keyof Required<MessageChange>]: (value: unknown) => boolean } = {
  isRead: isBoolean,
  categories: (value) => Array.isArray(value) && value.every(isText),
  flag: isFlag,
  importance: oneOf("low", "normal", "high"),
  inferenceClassification: oneOf("focused", "other"),
  isDeliveryReceiptRequested: (value) => isBoolean(value) || value === null,
  isReadReceiptRequested: isBoolean,
};

function isFlag(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const stranger = Object.keys(value).find((name) => !["flagStatus", "startDateTime", "dueDateTime", "completedDateTime"].includes(name));
  if (stranger !== undefined) throw unknownParameter(`the property "flag.${stranger}"`);
  return ["notFlagged", "complete", "flagged"].includes((value as { flagStatus?: string }).flagStatus ?? "");
}

/** Reads the body. Throws `GraphRefusal`. */
export function readMessageChange(body: Readonly<Record<string, unknown>>, { withoutProperties }: SimulatedCloud): MessageChange {
  for (const [name, value] of Object.entries(body)) {
    if (name.startsWith("@odata.")) throw unknownParameter(`the property "${name}"`);
    if (withoutProperties.includes(name))
      throw new GraphRefusal(
        400,
        "RequestBodyRead",
        `The property '${name}' does not exist on type 'microsoft.graph.message'. Make sure to only use property names that are defined by the type.`,
      );
    const fits = Object.hasOwn(updatable, name) ? updatable[name as keyof MessageChange] : undefined;
    if (!fits) {
      if (selectableProperties.has(name))
        throw new GraphRefusal(
          400,
          "ErrorInvalidPropertySet",
          `The property '${name}' cannot be changed on a message that is not a draft.`,
        );
      throw unknownParameter(`the property "${name}"`);
    }
    if (!fits(value))
      throw new GraphRefusal(400, "RequestBodyRead", `Cannot convert the value of property '${name}' to its expected type.`);
  }
  return body as MessageChange;
}
