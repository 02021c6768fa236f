/**
 * A `Response` over an answer of undici that is made a real one only when a rare part of it is asked for: its streams cost more than
 * the whole exchange.
 *
 * Invariant: the body is given whole, or reading it ends in an error: one that was cut, or is not packed as it says, is never half a text.
 */
import { pipeline, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { promisify } from "node:util";
import { brotliDecompress, brotliDecompressSync, createBrotliDecompress, createGunzip, gunzip, gunzipSync } from "node:zlib";
import type { UndiciAnswer } from "./undici-library.js";

const unpackGzip = { now: gunzipSync, later: promisify(gunzip), stream: createGunzip };
const unpackBrotli = { now: brotliDecompressSync, later: promisify(brotliDecompress), stream: createBrotliDecompress };
/** How bodies may be packed. */
const codings = new Map([
  ["gzip", unpackGzip],
  ["x-gzip", unpackGzip],
  ["br", unpackBrotli],
]);

/** Bytes up to which a body is unpacked on the spot, which is cheaper and holds the event loop for a millisecond or two at most. */
const unpackedAtOnce = 65_536;

/** Answers with these have no body. */
const bodiless: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** Drops a byte order mark and replaces what is no UTF-8, as `Response.text()` does. */
const utf8 = new TextDecoder();

export class LazyResponse implements Response {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly redirected = false;
  readonly type = "default";
  readonly #body: UndiciAnswer["body"];
  readonly #signal: AbortSignal | undefined;
  /** True from the first reading on. */
  #isRead = false;
  /** Empty until a part is asked for that only a real one has; from then on it has the body. */
  #real: Response | undefined;

  constructor({ statusCode, statusText, headers, body }: UndiciAnswer, url: string, signal: AbortSignal | undefined) {
    this.url = url;
    this.status = statusCode;
    this.statusText = statusText;
    this.headers = joined(headers);
    this.#body = body;
    this.#signal = signal;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? this.#isRead;
  }

  get body(): Response["body"] {
    return this.#whole().body;
  }

  async text(): Promise<string> {
    return utf8.decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#real) return new Uint8Array(await this.#real.arrayBuffer());
    if (this.#isRead) throw new TypeError("Body is unusable: it has been read already");
    this.#isRead = true;
    try {
      return (await this.#unpacked(await this.#body.bytes())) as Uint8Array<ArrayBuffer>;
    } catch (cause) {
      if (this.#signal?.aborted) throw this.#signal.reason;
      throw new TypeError("terminated", { cause });
    }
  }

  blob(): Promise<Blob> {
    return this.#whole().blob();
  }

  formData(): ReturnType<Response["formData"]> {
    return this.#whole().formData();
  }

  clone(): Response {
    return this.#whole().clone();
  }

  async #unpacked(bytes: Uint8Array): Promise<Uint8Array> {
    const unpack = this.#unpack();
    // An answer without a body may still name how it would have been packed.
    if (!unpack || bytes.length === 0) return bytes;
    return bytes.length > unpackedAtOnce ? unpack.later(bytes) : unpack.now(bytes);
  }

  #unpack() {
    const coding = this.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
    const unpack = codings.get(coding);
    if (!unpack && coding !== "identity" && coding !== "")
      throw new TypeError(`An answer packed in a way that nobody asked for: ${coding}`);
    return unpack;
  }

  /** The real one. Where the body was read already, its body is a used one. */
  #whole(): Response {
    if (this.#real) return this.#real;
    const { status, statusText, headers } = this;
    const hasBody = !bodiless.has(status);
    if (!hasBody) this.#body.resume();
    const body = !hasBody ? null : this.#isRead ? "" : (this.#stream() as ConstructorParameters<typeof Response>[0]);
    this.#real = new Response(body, { status, statusText, headers });
    if (this.#isRead) void this.#real.text();
    return this.#real;
  }

  #stream(): ReadableStream {
    const unpack = this.#unpack();
    // The outcome reaches whoever reads the stream.
    return Readable.toWeb(unpack ? pipeline(this.#body, unpack.stream(), () => undefined) : this.#body);
  }
}

/** A header that came several times is one, joined, as `fetch` has it; cookies stay apart. */
function joined(given: UndiciAnswer["headers"]): Headers {
  const headers = new Headers();
  for (const [name, value = []] of Object.entries(given)) {
    if (typeof value === "string") headers.append(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
}
