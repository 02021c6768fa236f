/** What is kept of folders that were looked for: what cannot be read is an error that names the queue, never a fresh start. */
import { expect, test } from "vitest";
import { folderRecordKey, folderRecordValue, readFolderRecord } from "../../../src/schedule/folder-record.js";

const key = folderRecordKey("a@b.example", "inbox/Cases");
const kept = { id: "f", name: "inbox/Cases" };

test.each([{ folders: [] }, { folders: [kept], former: [kept], path: "Cases", subtree: true }])(
  "%j is read as it was written",
  (record) => {
    expect(readFolderRecord({ key, value: folderRecordValue(record as never), version: 1 }, "a@b.example")).toEqual(record);
  },
);

test.each([null, "x", {}, { folders: {} }, { folders: [null] }, { folders: [{ id: 1, name: "x" }] }, { folders: [], former: 7 }])(
  "%j cannot be read",
  (value) => {
    expect(() => readFolderRecord({ key, value: value as never, version: 1 }, "a@b.example")).toThrow(
      expect.objectContaining({ code: "STORE_RECORD_INVALID", queue: "a@b.example" }),
    );
  },
);
