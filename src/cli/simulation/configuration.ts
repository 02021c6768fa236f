/** The configuration, for commands that do without one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { MailDaemonConfig } from "../config.js";
import type { CommandContext } from "../context.js";
import { configNames } from "../load-config.js";

/** `named`: by `--config`. Undefined where none is named and none in the folder. @throws ConfigError `CONFIG_INVALID` */
export async function configuration({ folder, load }: CommandContext, named: string | undefined): Promise<MailDaemonConfig | undefined> {
  const isThere = named !== undefined || configNames.some((name) => existsSync(join(folder, name)));
  return isThere ? (await load()).config : undefined;
}
