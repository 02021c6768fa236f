/** Files of mail: whole or not there, each mail's its own, the JSON last. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { MailError } from "../../../../src/base/errors.js";
import type { FiledMailJson } from "../../../../src/cli/mail-json.js";
import { mailJson } from "../../../../src/cli/mail-json.js";
import { makeFolder } from "../../../../src/cli/sinks/durable-file.js";
import { filesSink } from "../../../../src/cli/sinks/files.js";
import { rejected } from "../../../support/rejection.js";
import { given, handOver, mimeText, streamOf } from "./given-delivery.js";

async function scene() {
  const base = await mkdtemp(join(tmpdir(), "mail-files-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const folder = join(base, "a", "mail");
  const sink = await filesSink(folder);
  const files = async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .toSorted();
  };
  const json = async (file: string) => JSON.parse(await readFile(join(folder, file), "utf8")) as FiledMailJson;
  return { base, folder, sink, files, json };
}

const nameOf = (key: string) => createHash("sha256").update(key).digest("hex").slice(0, 32);
const name = nameOf("support@contoso.com/AAMkAGI1/A+b==");
const own = (ending: string) => join("support@contoso.com", `${name}.${ending}`);

/** A stream that gives its pieces when the test says so. */
function stepped() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(its) {
      controller = its;
    },
  });
  return {
    stream,
    give: (text: string) => controller?.enqueue(Buffer.from(text)),
    end: () => controller?.close(),
    fail: (error: Error) => controller?.error(error),
  };
}

describe("a mail", () => {
  it("is an .eml with its MIME and a .json that names it, in the folder of its queue, named by its key", async () => {
    const { sink, files, folder, json } = await scene();
    const one = given();
    expect(await handOver(sink, one)).toEqual({ kind: "ack" });
    expect(await files()).toEqual([own("eml"), own("json")]);
    expect(await readFile(join(folder, own("eml")), "utf8")).toBe(mimeText);
    expect(await json(own("json"))).toEqual({ ...JSON.parse(JSON.stringify(mailJson(one.delivery))), mime: { file: `${name}.eml` } });
  });

  it("that comes again overwrites its own files", async () => {
    const { sink, files, folder, json } = await scene();
    await handOver(sink, given());
    await handOver(sink, given({ attempt: 2, mime: async () => streamOf("another ", "text") }));
    expect(await files()).toEqual([own("eml"), own("json")]);
    expect(await readFile(join(folder, own("eml")), "utf8")).toBe("another text");
    expect((await json(own("json"))).attempt).toBe(2);
  });

  it("has files of its own beside other mail of the queue", async () => {
    const { sink, files } = await scene();
    for (const id of ["a", "A", "b"]) await handOver(sink, given({ id }));
    expect(await files()).toHaveLength(6);
  });

  it("is readable by nobody but its owner and group", async () => {
    const { sink, folder } = await scene();
    await handOver(sink, given());
    for (const path of [folder, join(folder, "support@contoso.com"), join(folder, own("eml")), join(folder, own("json"))]) {
      expect((await stat(path)).mode & 0o007).toBe(0);
    }
  });

  test.each(["../../evil@contoso.com", "..@contoso.com", "a/b@contoso.com", "con@contoso.com", "/etc/x@contoso.com"])(
    "of the queue %s stays inside of the folder",
    async (queue) => {
      const { sink, files, base } = await scene();
      expect(await handOver(sink, given({ queue }))).toEqual({ kind: "ack" });
      const found = await files();
      expect(found.map((file) => file.slice(file.lastIndexOf(".")))).toEqual([".eml", ".json"]);
      expect(found.every((file) => file.split("/").length === 2 && !file.startsWith("."))).toBe(true);
      expect(await readdir(base)).toEqual(["a"]);
      expect(await readdir(join(base, "a"))).toEqual(["mail"]);
    },
  );

  it("shows no file under its name before all of it is there, the JSON last", async () => {
    const { sink, files } = await scene();
    const { stream, give, end } = stepped();
    const ended = handOver(sink, given({ mime: async () => stream }));
    give("From: ");
    await expect.poll(files).toEqual([join("support@contoso.com", `.${name}.eml.part`)]);
    give("Ada\r\n");
    end();
    expect(await ended).toEqual({ kind: "ack" });
    expect(await files()).toEqual([own("eml"), own("json")]);
  });
});

describe("whose MIME", () => {
  it("comes slowly has its time for as long as something of it comes, and not for ever", async () => {
    const { sink, files, folder } = await scene();
    const { stream, give } = stepped();
    const one = given({ mime: async (_, { signal } = {}) => abortable(stream, signal) });
    const ended = handOver(sink, one);
    const part = join(folder, "support@contoso.com", `.${name}.eml.part`);
    for (let pieces = 0; pieces < 5; pieces += 1) {
      give(`piece ${pieces}\r\n`);
      await expect.poll(() => readFile(part, "utf8").catch(() => "")).toContain(`piece ${pieces}`);
      await one.clock.advance(290_000);
      expect(one.delivery.signal.aborted).toBe(false);
    }
    await one.clock.advance(900_000);
    expect(await ended).toMatchObject({ kind: "retry", error: expect.stringContaining("did not finish") as string });
    expect(await files()).toEqual([]);
  });

  test.each(["GRAPH_MIME_REFUSED", "GRAPH_CONTENT_TOO_LARGE", "GRAPH_NOT_FOUND"] as const)(
    "ends in %s for good is a .json alone, which says so",
    async (code) => {
      const { sink, files, json } = await scene();
      const mime = () => Promise.reject(new MailError(code, "Graph refuses it."));
      // A mailbox that moves and a gateway in trouble say the same.
      expect(await handOver(sink, given({ mime, attempt: 8 }))).toMatchObject({ kind: "retry" });
      expect(await files()).toEqual([]);
      expect(await handOver(sink, given({ mime, attempt: 9 }))).toEqual({ kind: "ack" });
      expect(await files()).toEqual([own("json")]);
      expect((await json(own("json"))).mime).toEqual({ refused: code });
    },
  );

  it("is damaged, as Graph says by a code of its own, is a .json alone at once", async () => {
    const { sink, files } = await scene();
    const serviceCode = "ErrorMimeContentConversionFailed";
    const mime = () => Promise.reject(new MailError("GRAPH_MIME_REFUSED", "Graph refuses it.", { serviceCode }));
    expect(await handOver(sink, given({ mime }))).toEqual({ kind: "ack" });
    expect(await files()).toEqual([own("json")]);
  });

  test.each(["GRAPH_TIMEOUT", "GRAPH_THROTTLED", "GRAPH_UNAUTHORIZED", "AUTH_SIGN_IN_REQUIRED", "LIFECYCLE_STOPPED"] as const)(
    "cannot be had for now (%s) is another attempt, and leaves nothing",
    async (code) => {
      const { sink, files } = await scene();
      const mime = () => Promise.reject(new MailError(code, "not now"));
      expect(await handOver(sink, given({ mime }))).toMatchObject({ kind: "retry" });
      expect(await files()).toEqual([]);
    },
  );

  it("breaks off leaves nothing, and the files of an attempt before as they were", async () => {
    const { sink, files, folder } = await scene();
    await handOver(sink, given());
    const { stream, give, fail } = stepped();
    const ended = handOver(sink, given({ attempt: 2, mime: async () => stream }));
    give("half of");
    fail(new MailError("GRAPH_BAD_RESPONSE", "broken off"));
    expect(await ended).toMatchObject({ kind: "retry", error: "MailError: broken off" });
    expect(await files()).toEqual([own("eml"), own("json")]);
    expect(await readFile(join(folder, own("eml")), "utf8")).toBe(mimeText);
  });
});

describe("after a crash", () => {
  it("what was left half-written is overwritten", async () => {
    const { sink, files, folder } = await scene();
    await mkdir(join(folder, "support@contoso.com"));
    for (const ending of ["eml", "json"])
      await writeFile(join(folder, "support@contoso.com", `.${name}.${ending}.part`), "x".repeat(5_000));
    await handOver(sink, given());
    expect(await files()).toEqual([own("eml"), own("json")]);
    expect(await readFile(join(folder, own("eml")), "utf8")).toBe(mimeText);
  });
});

describe("when the disk", () => {
  it("gives no folder, the command ends before any mail is asked for", async () => {
    const { base } = await scene();
    await writeFile(join(base, "taken"), "");
    const error = await rejected(filesSink(join(base, "taken", "mail")));
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(error.message).toMatch(/deliverTo\.files.*taken.*ENOTDIR/);
  });

  it("takes no file, it is another attempt that names the folder and the system's code, and nothing of the mail", async () => {
    const { sink, folder } = await scene();
    await writeFile(join(folder, "support@contoso.com"), "a file in the way");
    const verdict = await handOver(sink, given());
    expect(verdict).toMatchObject({
      kind: "retry",
      error: expect.stringMatching(/could not be written below .*mail \((EEXIST|ENOTDIR)\)\.$/) as string,
    });
    expect(JSON.stringify(verdict)).not.toMatch(/Secret words|parcel|ada@/);
  });

  it("is slow when the stop comes, the mail is cut off, which is no attempt, and leaves nothing", async () => {
    const { sink, files } = await scene();
    const { stream, give } = stepped();
    const one = given({ mime: async (_, { signal } = {}) => abortable(stream, signal) });
    const ended = handOver(sink, one);
    give("From: ");
    await expect.poll(files).toHaveLength(1);
    one.abort(new MailError("LIFECYCLE_STOPPED", "stopped"));
    await one.end({ kind: "cut-off" });
    expect(await ended).toEqual({ kind: "cut-off" });
    expect(await files()).toEqual([]);
  });
});

/** Ends with the signal's reason, as what Graph gives does. */
function abortable(stream: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  return stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), signal ? { signal } : {});
}

it("folders that are missing are made durable, each in the one above it; what is there needs nothing", async () => {
  const base = await mkdtemp(join(tmpdir(), "mail-files-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const synced: string[] = [];
  const make = () => makeFolder(join(base, "a", "b", "c"), async (folder) => void synced.push(relative(base, folder)));
  await make();
  expect(synced).toEqual([join("a", "b"), "a", ""]);
  await make();
  expect(synced).toHaveLength(3);
});
