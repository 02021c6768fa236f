/** The head of a MIME text: what is a header of it, how much of it is read, and that nothing makes it fail. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMimeHead } from "../../../src/mailbox/mime-head.js";

/** Pieces as a network gives them. */
function source(pieces: readonly (string | Uint8Array)[]) {
  const taken = { pieces: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[taken.pieces];
        taken.pieces += 1;
        if (piece === undefined) controller.close();
        else controller.enqueue(typeof piece === "string" ? Buffer.from(piece) : piece);
      },
      cancel() {
        taken.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, taken };
}

const headOf = (...pieces: readonly (string | Uint8Array)[]) => readMimeHead(source(pieces).stream);

describe("the head of a MIME text", () => {
  it("is its headers in order, repeated ones kept, folded ones in one line, whatever follows", async () => {
    const text =
      "Received: by a\r\nReceived: by b\r\nReferences: <1@x>\r\n\t<2@x>\r\nAuto-Submitted : auto-replied\r\n\r\nBody: no header\r\n";
    const headers = [
      { name: "Received", value: "by a" },
      { name: "Received", value: "by b" },
      { name: "References", value: "<1@x>\t<2@x>" },
      { name: "Auto-Submitted", value: "auto-replied" },
    ];
    expect(await headOf(text)).toEqual(headers);
    expect(await headOf(text.replaceAll("\r\n", "\n"))).toEqual(headers);
    expect(await headOf(...[...text].map((letter) => letter))).toEqual(headers);
  });

  it.each([
    ["nothing", ""],
    ["a body only", "\r\nSubject: in the body\r\n"],
    ["lines that are no headers", "From someone Mon Jan\r\n: no name\r\nb\u00e4d: name\r\nno colon\r\n\r\n"],
    ["a first line that goes on", " folded: from nowhere\r\n\r\n"],
  ])("has none in %s", async (_, text) => {
    expect(await headOf(text)).toEqual([]);
  });

  it("is read in UTF-8 over the borders of pieces, and bytes that are none stop nothing", async () => {
    const bytes = Buffer.from("Subject: Grüße\r\n\r\n");
    expect(await headOf(bytes.subarray(0, 12), bytes.subarray(12))).toEqual([{ name: "Subject", value: "Grüße" }]);
    expect(await headOf("X: ", Uint8Array.of(0xff, 0xfe), "\r\nY: z\r\n\r\n")).toMatchObject([{ name: "X" }, { name: "Y", value: "z" }]);
  });

  it("is the only thing read of a large mail", async () => {
    const { stream, taken } = source(["A: b\r\n\r\n", ...Array.from({ length: 1_000 }, () => "x".repeat(64 * 1_024))]);
    expect(await readMimeHead(stream)).toEqual([{ name: "A", value: "b" }]);
    expect(taken.cancelled).toBe(true);
    expect(taken.pieces).toBeLessThan(10);
  });

  it("loses the header that is cut off where it does not end in time, and that only", async () => {
    const { stream } = source(["A: b\r\n", `Long: ${"x".repeat(300 * 1_024)}`, "\r\n\r\n"]);
    expect(await readMimeHead(stream)).toEqual([{ name: "A", value: "b" }]);
  });

  it("breaks off with what its stream breaks off with", async () => {
    const error = new Error("the network");
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(error) });
    await expect(readMimeHead(stream)).rejects.toBe(error);
  });

  it("is well-formed whatever the bytes are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.constantFrom("A: b", "\r\n", "\n", " ", ":", "\r"))),
        async (pieces) => {
          for (const { name, value } of await headOf(...pieces)) {
            expect(name).toMatch(/^[!-9;-~]+$/);
            expect(value).not.toMatch(/\r?\n/);
          }
        },
      ),
    );
  });
});
