/** Example bodies as Microsoft published them, where a folder of them lies beside the project; they are not part of it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Json, JsonObject } from "../../src/graph/wire.js";

export interface Example {
  readonly http?: string | null;
  readonly body?: JsonObject;
}

export const goldenFolder = new URL("../../../shared/golden/", import.meta.url);
export const goldenIsThere = existsSync(goldenFolder);
if (!goldenIsThere) console.log("Published example bodies of Graph: skipped, there is no folder of them beside the project.");

export function goldenExample(name: string): Example {
  return JSON.parse(readFileSync(new URL(`${name}.json`, goldenFolder), "utf8")) as Example;
}

/** The examples of that kind that are answers with a body. */
export function goldenExamples(pattern: RegExp): [name: string, body: JsonObject][] {
  if (!goldenIsThere) return [];
  return readdirSync(goldenFolder)
    .filter((file) => file.endsWith(".json") && pattern.test(file))
    .map((file) => file.slice(0, -".json".length))
    .flatMap((name) => {
      const { body } = goldenExample(name);
      return body === undefined ? [] : [[name, body] as [string, JsonObject]];
    });
}

/** What a body holds: the items of a page, or the one thing it is. */
export function goldenItems(body: JsonObject): JsonObject[] {
  return Array.isArray(body.value) ? (body.value as JsonObject[]) : [body];
}

/** Names and types of what a JSON value holds, as `name: type` by their paths; lists by what their items have together. */
export function shapeOf(value: Json | undefined, path = ""): Map<string, string> {
  const shape = new Map<string, string>();
  if (Array.isArray(value)) {
    shape.set(path, "list");
    for (const one of value) for (const [name, type] of shapeOf(one, `${path}[]`)) shape.set(name, type);
  } else if (typeof value === "object" && value !== null) {
    if (path !== "") shape.set(path, "object");
    for (const [name, inner] of Object.entries(value)) {
      for (const [below, type] of shapeOf(inner, path === "" ? name : `${path}.${name}`)) shape.set(below, type);
    }
  } else shape.set(path, value === null ? "null" : typeof value);
  return shape;
}
