/** Where a person finds a page of Entra's: at Microsoft, or at the simulator that the configuration names. */
import type { MailDaemonConfig } from "./config.js";

/** The address to open in a browser for `url`: an address of the sign-in, or the page for device codes. */
export async function browserUrl({ simulator }: Pick<MailDaemonConfig, "simulator">, url: string): Promise<string> {
  if (simulator === undefined) return url;
  const { simulatorUrl } = await import("../../simulator/index.js");
  return simulatorUrl(simulator, url);
}
