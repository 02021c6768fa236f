/** Loaded into a child process before its program: writes each secret into the file that `TOLD_SECRETS` names, for its parent. */
import { appendFileSync } from "node:fs";
import { onSecret } from "./issued-secrets.mjs";

const file = process.env.TOLD_SECRETS;
if (file === undefined) throw new Error("Expected TOLD_SECRETS to name a file.");
onSecret((kind, value) => appendFileSync(file, `${JSON.stringify([kind, value])}\n`));
