/**
 * Values as JSON text: the check that a value is plain data, and its one stored form, the same in every adapter.
 *
 * Invariant: reading back gives an equal value (without the properties that were undefined), never the same object.
 */
import { MailError } from "../base/errors.js";
import { keyText } from "./key.js";
import type { Key, Value } from "./store.js";

/** Deeper values are refused: they are cycles, or would exhaust the stack of a reader. */
const maxDepth = 100;

/** @throws MailError `STORE_INVALID_ARGUMENT` for a value that is not plain JSON data; the message names where. */
export function encodeValue(key: Key, value: Value): string {
  check(key, value, "value", 0);
  return JSON.stringify(value);
}

/** A value that belongs to the caller. */
export function decodeValue(json: string): Value {
  return JSON.parse(json) as Value;
}

function check(key: Key, value: unknown, where: string, depth: number): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      throw invalid(key, where, String(value));
    case "object":
      if (value === null) return;
      if (depth === maxDepth) throw invalid(key, where, `more than ${maxDepth} levels deep, or a cycle`);
      return checkInside(key, value, where, depth + 1);
    default:
      throw invalid(key, where, typeof value);
  }
}

/** What most values are: their place needs no words. */
function isLeaf(value: unknown): boolean {
  return typeof value === "string" || value === undefined || value === null || typeof value === "boolean" || Number.isFinite(value);
}

function checkInside(key: Key, value: object, where: string, depth: number): void {
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) check(key, value[at], `${where}[${at}]`, depth);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) throw invalid(key, where, nameOf(value));
  for (const name of Object.keys(value)) {
    const inner: unknown = (value as Record<string, unknown>)[name];
    if (isLeaf(inner)) continue;
    check(key, inner, `${where}.${name}`, depth);
  }
}

function nameOf(value: object): string {
  const maker: unknown = value.constructor;
  return typeof maker === "function" && maker.name !== "" ? `a ${maker.name}` : "an object of a class";
}

function invalid(key: Key, where: string, got: string): MailError {
  return new MailError(
    "STORE_INVALID_ARGUMENT",
    `The store cannot take the value for ${keyText(key)}: ${where.slice(0, 200)} is ${got}, and only plain JSON data can be stored.`,
  );
}
