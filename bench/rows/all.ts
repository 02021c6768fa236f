/** Every row, in the order in which they run. */
import type { Row } from "../row.js";
import { drainRow } from "./drain.js";

export const rows: readonly Row[] = [drainRow];
