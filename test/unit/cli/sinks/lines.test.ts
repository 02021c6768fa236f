/** Lines on standard output: acknowledged when taken, at the reader's pace, and never once nobody reads. */
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { expect, it, onTestFinished } from "vitest";
import { MailError } from "../../../../src/base/errors.js";
import { linesSink } from "../../../../src/cli/sinks/lines.js";
import { deferred } from "../../../support/deferred.js";
import { settle } from "../../../support/manual-clock.js";
import { given, handOver } from "./given-delivery.js";

/** Takes a piece when the test says so. */
function slowReader() {
  const taken: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const stdout = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write(piece: string, _, done) {
      taken.push(piece);
      waiting.push(done);
    },
  });
  return { stdout, taken, waiting, take: (error?: Error) => waiting.shift()?.(error) };
}

function sinkOn(stdout: Writable) {
  const sink = linesSink(stdout);
  onTestFinished(() => sink.close());
  return sink;
}

it("writes one line of JSON for each mail, whatever is in it", async () => {
  const stdout = new PassThrough();
  const sink = sinkOn(stdout);
  expect(await handOver(sink, given({ id: "one" }))).toEqual({ kind: "ack" });
  expect(await handOver(sink, given({ id: "two", attempt: 2 }))).toEqual({ kind: "ack" });
  const text = String(stdout.read());
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { key: "support@contoso.com/one", attempt: 1, message: { subject: "Secret words\nin two lines" } },
    { key: "support@contoso.com/two", attempt: 2 },
  ]);
});

it("acknowledges a mail only when its line was taken, and writes the next one only then", async () => {
  const { stdout, taken, take } = slowReader();
  const sink = sinkOn(stdout);
  const some = ["one", "two", "three"].map((id) => given({ id }));
  const ends = some.map((one) => handOver(sink, one));
  for (let count = 1; count <= 3; count += 1) {
    await settle();
    expect(taken).toHaveLength(count);
    expect(some.map(({ verdicts }) => verdicts.length)).toEqual([0, 1, 2].map((index) => (index < count - 1 ? 1 : 0)));
    take();
  }
  expect(await Promise.all(ends)).toEqual([{ kind: "ack" }, { kind: "ack" }, { kind: "ack" }]);
});

it("gives a reader as long as it likes: no mail fails because nobody reads for hours", async () => {
  const { stdout, take } = slowReader();
  const one = given();
  const end = handOver(sinkOn(stdout), one);
  await one.clock.advance(24 * 3_600_000);
  expect([one.delivery.signal.aborted, one.verdicts]).toEqual([false, []]);
  take();
  expect(await end).toEqual({ kind: "ack" });
});

it("says that the reader has gone, and acknowledges neither what was being written nor what comes after", async () => {
  const { stdout, taken, take } = slowReader();
  const sink = sinkOn(stdout);
  const [written, behind] = [given({ id: "written" }), given({ id: "behind" })];
  const ends = [handOver(sink, written), handOver(sink, behind)];
  await settle();
  expect(sink.gone?.aborted).toBe(false);
  take(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  const late = given({ id: "late" });
  ends.push(handOver(sink, late));
  await settle();
  expect([sink.gone?.aborted, sink.gone?.reason]).toEqual([true, "EPIPE"]);
  expect([written, behind, late].map(({ verdicts }) => verdicts.length)).toEqual([0, 0, 0]);
  expect(taken).toHaveLength(1);
  // As the stop cuts them off.
  for (const one of [written, behind, late]) {
    one.abort(new MailError("LIFECYCLE_STOPPED", "stopped"));
    void one.end({ kind: "cut-off" });
  }
  expect(await Promise.all(ends)).toEqual([{ kind: "cut-off" }, { kind: "cut-off" }, { kind: "cut-off" }]);
});

it("writes nothing of a mail that was cut off while it waited for its turn", async () => {
  const { stdout, taken, take } = slowReader();
  const sink = sinkOn(stdout);
  const [first, second] = [given({ id: "first" }), given({ id: "second" })];
  const ends = [handOver(sink, first), handOver(sink, second)];
  second.abort(new MailError("LIFECYCLE_STOPPED", "stopped"));
  await second.end({ kind: "cut-off" });
  await settle();
  take();
  await Promise.all(ends);
  expect(taken.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(["support@contoso.com/first"]);
});

it("acknowledges a mail only when its line is durable, where standard output is a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mail-lines-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "mail.ndjson");
  const stdout = createWriteStream(file, { flags: "a" });
  onTestFinished(() => new Promise<void>((resolve) => void stdout.end(resolve)));
  // As standard output, which is open from the beginning.
  await new Promise((resolve) => stdout.once("open", resolve));
  const [asked, durable] = [deferred<number>(), deferred()];
  const sink = linesSink(stdout, (fd) => {
    asked.resolve(fd);
    return durable.promise;
  });
  onTestFinished(() => sink.close());
  const one = given();
  const end = handOver(sink, one);
  expect(await asked.promise).toBe((stdout as unknown as { fd: number }).fd);
  expect(await readFile(file, "utf8")).toMatch(/^\{.*\}\n$/);
  await settle();
  expect(one.verdicts).toEqual([]);
  durable.resolve();
  expect(await end).toEqual({ kind: "ack" });
  await writeFile(file, '{"torn":', { flag: "a" });
  expect(await handOver(linesSink(stdout), given())).toEqual({ kind: "ack" });
  const lines = (await readFile(file, "utf8")).split("\n");
  // What a dying run left unfinished stands by itself.
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}$/), '{"torn":', expect.stringMatching(/^\{.*\}$/), ""]);
});

it("leaves no listener on the stream behind", () => {
  const stdout = new PassThrough();
  const before = [stdout.listenerCount("error"), stdout.listenerCount("close")];
  linesSink(stdout).close();
  expect([stdout.listenerCount("error"), stdout.listenerCount("close")]).toEqual(before);
});
