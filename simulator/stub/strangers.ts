/**
 * Who was asked although no interceptor answers there.
 * Invariant: of a request its method, host and path are kept, never its query, headers or body. Knows no simulator.
 */
import type { NockLike } from "./nock-contract.js";

/** The watch. */
export interface Strangers {
  /** A sentence for each request to a host that may not be asked. */
  complaints(): string[];
  end(): void;
}

const thisMachine = ["localhost", "127.0.0.1", "::1", "[::1]"];

/** `known` are answered by the stub: what nobody answers there is told as such. Hosts without port. */
export function watchStrangers(
  nock: NockLike,
  known: { readonly stubbed: readonly string[]; readonly allowed: readonly string[] },
): Strangers {
  const told: string[] = [];
  const allowed = new Set([...thisMachine, ...known.allowed]);

  /** Nock tells a request's options, alone, behind the request or hung on it. */
  function onNoMatch(first: unknown, second: unknown): void {
    const options = (second ?? (first as { options?: unknown }).options ?? first) as NoMatch;
    const host = options.hostname ?? options.host?.replace(/:\d+$/, "") ?? "an unknown host";
    if (allowed.has(host)) return;
    const request = `${options.method ?? "GET"} ${host}${options.path?.split("?")[0] ?? ""}`;
    told.push(known.stubbed.includes(host) ? `no interceptor answers ${request}` : `another host was asked: ${request}`);
  }

  nock.emitter.on("no match", onNoMatch);
  return {
    complaints: () => [...told],
    end: () => void nock.emitter.off("no match", onNoMatch),
  };
}

interface NoMatch {
  readonly method?: string;
  readonly hostname?: string;
  readonly host?: string;
  readonly path?: string;
}
