/**
 * The optional package `undici`, as far as it is used: an agent with kept connections, straight to a host or through a proxy.
 *
 * Invariant: the package is loaded when it is used and not before, and none of its types is in a declaration of ours: a host
 * without it can still compile against them.
 */
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { loadedPackage } from "./optional-package.js";

/** An answer whose head is there; its body is still to come. */
export interface UndiciAnswer {
  readonly statusCode: number;
  readonly statusText: string;
  /** By lower-case name; a list where a header came several times. */
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Readable & { bytes(): Promise<Uint8Array> };
}

export interface UndiciRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | null;
  readonly signal?: AbortSignal;
}

export interface UndiciAgent {
  request(request: UndiciRequest): Promise<UndiciAnswer>;
}

interface ConnectOptions {
  readonly timeout: number;
  readonly ca?: Authorities;
}

interface PoolOptions {
  readonly connections: number;
  readonly keepAliveTimeout: number;
}

/** Certificates as Node's `tls` takes them. */
export type Authorities = string | Buffer | (string | Buffer)[];

/** What is used of `undici` 7 and 8. */
export interface UndiciLibrary {
  readonly Agent: new (options: PoolOptions & { connect: ConnectOptions }) => UndiciAgent;
  readonly ProxyAgent: new (options: PoolOptions & { uri: string; requestTls: ConnectOptions; proxyTls: ConnectOptions }) => UndiciAgent;
}

const packageName = "undici";

/** Loads the package as `require` does. */
export function requireUndici(): UndiciLibrary {
  // A package that is loaded before Node's own undici would put an agent of its own under the host's global `fetch`; this loads Node's.
  void globalThis.Response;
  return createRequire(import.meta.url)(packageName) as UndiciLibrary;
}

/** @throws ConfigError `CONFIG_PACKAGE_MISSING` when `load` throws */
export function loadedUndici(load: () => UndiciLibrary): UndiciLibrary {
  const remedy = `Run: npm install ${packageName}@7 (version 8 needs Node 22.19 or later)`;
  return loadedPackage({ name: packageName, neededBy: "undiciFetch", remedy }, load);
}
