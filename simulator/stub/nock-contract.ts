/**
 * The part of nock that a stub uses, as a shape: nock itself is handed in, so that the package does not depend on it.
 * Invariant: `import nock from "nock"` of nock 14 fits. Knows no host.
 */
import type { Readable } from "node:stream";

/** The function that nock is. */
export interface NockLike {
  (origin: string): NockScope;
  activate(): void;
  isActive(): boolean;
  restore(): void;
  cleanAll(): void;
  /** The interceptors that still answer, whoever made them. */
  activeMocks(): string[];
  removeInterceptor(interceptor: never): boolean;
  /** Tells `"no match"` for each request that no interceptor answers. */
  readonly emitter: {
    on(event: string, listener: (...given: unknown[]) => void): unknown;
    off(event: string, listener: (...given: unknown[]) => void): unknown;
  };
}

/** All interceptors of one host. */
export interface NockScope {
  persist(): NockScope;
  intercept(path: (path: string) => boolean, method: string): NockInterceptor;
}

/** One of them. */
export interface NockInterceptor {
  reply(answer: NockReply): unknown;
}

/** Answers one request: `path` with its query; the body as JSON where its type says so, else as a text. */
export type NockReply = (
  this: { readonly req: { readonly headers: Readonly<Record<string, unknown>> } },
  path: string,
  body: unknown,
) => Promise<readonly [status: number, body: Readable, headers: Record<string, string>]>;
