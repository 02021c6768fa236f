/** How schemas keep step with the simulator's own types. */
import { z } from "zod";

/** A schema for each field of a type: a new field of the simulator's does not compile until it has one. */
export type Shape<Type> = { readonly [Name in keyof Required<Type>]: z.ZodType };

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => z.number().int().min(least).max(most);
