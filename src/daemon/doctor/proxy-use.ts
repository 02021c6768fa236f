/**
 * Whether a proxy that the environment names is used by the global `fetch`. Only newer Node does so, and only when it is told to.
 *
 * Invariant: nothing of the proxy's address is repeated: a password may stand in it.
 * Source: Node's documentation (`NODE_USE_ENV_PROXY`: v22.21.0, v24.0.0; `--use-env-proxy`).
 */
import type { Remedy } from "../../auth/remedy.js";

/** The process, as far as it decides. */
export interface ProxyEnvironment {
  readonly env: NodeJS.ProcessEnv;
  readonly execArgv: readonly string[];
  /** Node's version, without a `v`. */
  readonly nodeVersion: string;
}

export const thisEnvironment = (): ProxyEnvironment => ({
  env: process.env,
  execArgv: process.execArgv,
  nodeVersion: process.versions.node,
});

export const unusedProxyRemedy: Pick<Remedy, "who" | "remedy" | "step"> = {
  who: "developer",
  step: "this-machine",
  remedy:
    "Give the daemon a door that goes through the proxy, `fetch: undiciFetch({ proxy })`, or start it with NODE_USE_ENV_PROXY=1 on Node 22.21, 24 or newer. " +
    "If these hosts are to be reached without the proxy, name them in NO_PROXY.",
};

/** The variable that names a proxy for that host, which the global `fetch` leaves alone; nothing where there is none, or it is used. */
export function unusedProxy(host: string, { env, execArgv, nodeVersion }: ProxyEnvironment): string | undefined {
  const name = ["HTTPS_PROXY", "https_proxy"].find((one) => (env[one] ?? "") !== "");
  if (name === undefined || isExempt(host, env.NO_PROXY ?? env.no_proxy ?? "")) return undefined;
  const asked = env.NODE_USE_ENV_PROXY === "1" || `${env.NODE_OPTIONS ?? ""} ${execArgv.join(" ")}`.includes("--use-env-proxy");
  return asked && knowsProxies(nodeVersion) ? undefined : name;
}

function isExempt(host: string, exemptions: string): boolean {
  const names = exemptions.toLowerCase().split(/[\s,]+/);
  return names.some((one) => {
    const name = one.replace(/:443$/, "").replace(/^\*?\./, "");
    return one === "*" || (name !== "" && (host === name || host.endsWith(`.${name}`)));
  });
}

function knowsProxies(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major >= 24 || (major === 22 && minor >= 21);
}
