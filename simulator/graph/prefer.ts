/**
 * The `Prefer` header: what a client asked for and what is said to have been applied.
 * Invariant: an unknown preference fails loudly; preferences hold for one request only. Knows no route.
 */
import { badRequest, unknownParameter } from "./refusal.js";

/** The preferences of one request. */
export interface Preferences {
  readonly immutableIds: boolean;
  readonly textBodies: boolean;
  /** HTML is given as it was sent. */
  readonly unsafeHtml: boolean;
  /** As asked, not yet limited. */
  readonly maxPageSize: number | undefined;
  /** For `Preference-Applied`; "" when there is nothing to echo. */
  readonly applied: string;
}

const none: Preferences = { immutableIds: false, textBodies: false, unsafeHtml: false, maxPageSize: undefined, applied: "" };
/** Headers read before; clients send few different ones. */
const known = new Map<string, Preferences>();

/** Reads the header. Throws `GraphRefusal`. */
export function readPreferences(header: string | undefined): Preferences {
  if (header === undefined || header.trim() === "") return none;
  const before = known.get(header);
  if (before) return before;
  const read = parse(header);
  if (known.size < 1000) known.set(header, read);
  return read;
}

function parse(header: string): Preferences {
  let { immutableIds, textBodies, unsafeHtml, maxPageSize } = none;
  const applied: string[] = [];
  for (const part of header
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")) {
    const [name = "", quoted = ""] = part.split("=").map((one) => one.trim());
    const value = quoted.replace(/^"(.*)"$/, "$1");
    switch (name.toLowerCase()) {
      case "idtype":
        if (value.toLowerCase() !== "immutableid") throw unknownParameter(`Prefer: ${part}`);
        immutableIds = true;
        break;
      case "odata.maxpagesize":
        maxPageSize = Number(value);
        if (!Number.isInteger(maxPageSize) || maxPageSize < 1) throw badRequest("Invalid value for the preference odata.maxpagesize.");
        break;
      case "outlook.body-content-type":
        if (!/^(text|html)$/i.test(value)) throw unknownParameter(`Prefer: ${part}`);
        textBodies = value.toLowerCase() === "text";
        break;
      case "outlook.allow-unsafe-html":
        unsafeHtml = true;
        break;
      default:
        throw unknownParameter(`Prefer: ${part}`);
    }
    applied.push(part);
  }
  return { immutableIds, textBodies, unsafeHtml, maxPageSize, applied: applied.join(", ") };
}
