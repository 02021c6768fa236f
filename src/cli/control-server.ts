/**
 * The control socket of a running daemon: HTTP over a Unix domain socket (on Windows a named pipe) in the store's folder,
 * or in another of its own, by which the other commands reach it.
 *
 * Invariants: no port is opened, on no address; the socket is its owner's alone (0600) from its first moment; a request
 * does what the daemon's own method does and nothing more; every error travels whole, without cause and stack.
 */
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { checked } from "../base/check.js";
import { asMailError, ConfigError } from "../base/errors.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import { type Answers, type Given, givenSchemas, isRequestName, pathPrefix, type RequestName } from "./control-contract.js";
import { type ControlPlace, makePlace } from "./control-place.js";
import { wholeErrorJson } from "./error-json.js";

export interface Control {
  /** The socket's file, or the pipe's name. */
  readonly path: string;
  /** Stops listening and breaks off what is still to be answered: call it once the daemon has stopped. Never rejects. */
  close(): Promise<void>;
}

export interface ControlOptions {
  readonly daemon: Pick<MailDaemon, Exclude<RequestName, "hello"> | "statusOfAll">;
  /** Of the store that the daemon owns, or its own: it has been started. Made where it is missing, for its owner alone. */
  readonly folder: string;
}

/** Requests are addresses, or one and an id. */
const longestBodyBytes = 64 * 1024;
/** Milliseconds for a request to be sent; its answer may take as long as a sweep does. */
const sendWithinMs = 30_000;

/** @throws MailError `LIFECYCLE_CONTROL_UNAVAILABLE` */
export async function openControl({ daemon, folder }: ControlOptions): Promise<Control> {
  const serve = servedBy(daemon);
  const server = createServer({ requestTimeout: sendWithinMs, headersTimeout: sendWithinMs }, (request, response) => {
    // A connection that breaks has no answer to get.
    answer(serve, request, response).catch(() => response.destroy());
  });
  let place: ControlPlace | undefined;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    place = await makePlace(folder);
    await listen(server, place.path);
  } catch (cause) {
    await place?.leave().catch(() => undefined);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw asMailError(cause, "LIFECYCLE_CONTROL_UNAVAILABLE", `The control socket in ${folder} cannot be opened (${code ?? message}).`);
  }
  const { path, leave } = place;
  /** Empty until it is closed. */
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    await new Promise<void>((resolve) => {
      // Which removes the socket's file.
      server.close(() => resolve());
      server.closeAllConnections();
    });
    // What stays is found deserted by the next.
    await leave().catch(() => undefined);
  }

  return {
    path,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

type Serve = (name: RequestName, given: unknown) => Promise<unknown>;

function servedBy(daemon: ControlOptions["daemon"]): Serve {
  const served: { readonly [Name in RequestName]: (given: Given<Name>) => Promise<Answers[Name]> } = {
    hello: async () => ({ processId: process.pid }),
    // While the store cannot tell of the others `storeTrouble` says so.
    status: () => daemon.statusOfAll().catch(() => ({ ...daemon.status(), workers: [] })),
    explain: async ({ address, id }) => (await daemon.explain(address, id)) ?? null,
    quarantined: ({ address }) => daemon.quarantined(address),
    replay: ({ address, id }) => nothingOf(daemon.replay(address, id)),
    sweep: ({ address }) => daemon.sweep(address),
    pollNow: ({ address }) => nothingOf(daemon.pollNow(address)),
    pause: ({ address }) => nothingOf(daemon.pause(address)),
    resume: ({ address }) => nothingOf(daemon.resume(address)),
    rotateKeys: () => daemon.rotateKeys(),
    signOut: ({ address }) => daemon.signOut(address),
    doctor: ({ addresses }) => daemon.doctor(addresses),
  };
  return async (name, given) => (served[name] as (given: unknown) => Promise<unknown>)(checked(givenSchemas[name], given));
}

async function nothingOf(work: Promise<void>): Promise<null> {
  await work;
  return null;
}

async function answer(serve: Serve, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, json: object) => {
    const text = JSON.stringify(json);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), connection: "close" });
    response.end(text);
  };
  try {
    const name = request.method === "POST" && request.url?.startsWith(pathPrefix) ? request.url.slice(pathPrefix.length) : "";
    const given = await bodyOf(request);
    if (!isRequestName(name)) throw new ConfigError("CONFIG_INVALID", unknownRequest);
    send(200, { result: await serve(name, given) });
  } catch (error) {
    send(400, { error: wholeErrorJson(error) });
  }
}

const unknownRequest = "The daemon does not know this request: it is of another version than the command.";

/** @throws ConfigError `CONFIG_INVALID` */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= longestBodyBytes) chunks.push(chunk);
  }
  try {
    if (bytes <= longestBodyBytes) return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    // Told below: it is as wrong as one that is too long.
  }
  throw new ConfigError("CONFIG_INVALID", `Expected a request of JSON, at most ${longestBodyBytes} bytes.`);
}

/** The file is made by the very call, so with the mask of that moment. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(0o177);
    try {
      server.listen({ path, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}
