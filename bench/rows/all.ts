/** Every row, in the order in which they run: first those that others' work on the machine disturbs most. */
import type { Row } from "../row.js";
import { arrivalRow } from "./arrival.js";
import { clusterRow } from "./cluster.js";
import { drainRow } from "./drain.js";
import { economyRow } from "./economy.js";
import { idleRow } from "./idle.js";
import { microRow } from "./micro.js";
import { pausesRow } from "./pauses.js";
import { slowDrainRow } from "./slow-drain.js";
import { startRow } from "./start.js";

export const rows: readonly Row[] = [idleRow, drainRow, slowDrainRow, economyRow, pausesRow, clusterRow, arrivalRow, startRow, microRow];
