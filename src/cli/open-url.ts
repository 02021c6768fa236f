/** Opens an address in the browser of whoever sits at this machine, where the system has a command for it. Never throws. */
import { spawn } from "node:child_process";

export function openInBrowser(url: string, env: NodeJS.ProcessEnv): void {
  const [command, ...words] = openerOf(env);
  if (command === undefined) return;
  const child = spawn(command, [...words, url], { stdio: "ignore", detached: true, env });
  // The address is shown as well: without a browser it is opened elsewhere.
  child.once("error", () => undefined);
  child.unref();
}

function openerOf(env: NodeJS.ProcessEnv): string[] {
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ["xdg-open"] : [];
}
