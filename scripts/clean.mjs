/** Removes the folders named, below the project's root only, so that a build leaves nothing stale behind. */
import { rmSync } from "node:fs";
import { resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

for (const folder of process.argv.slice(2)) {
  const target = resolve(root, folder);
  if (!target.startsWith(root.endsWith(sep) ? root : root + sep)) throw new Error(`Expected a folder inside the project, got ${folder}`);
  rmSync(target, { recursive: true, force: true, maxRetries: 3 });
}
