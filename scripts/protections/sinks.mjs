/** What keeps `run` from acknowledging mail that is not there for good, and from sending it where it must not go. */

const linesTest = "test/unit/cli/sinks/lines.test.ts";
const filesTest = "test/unit/cli/sinks/files.test.ts";
const webhookTest = "test/unit/cli/sinks/webhook.test.ts";
const doorTest = "test/unit/base/http-webhook.test.ts";

/** @type {readonly import("./copy.mjs").Protection[]} */
export const sinks = [
  {
    protection: "a mail is acknowledged when its line was taken, not when it was written",
    file: "src/cli/sinks/lines.ts",
    find: "resolve) => void stdout.write(line, resolve));",
    replace: "resolve) => {\nstdout.write(line);\nresolve(undefined);\n});",
    test: [linesTest, "acknowledges a mail only when its line was taken, and writes the next one only then"],
  },
  {
    protection: "once the reader has gone nothing is acknowledged",
    file: "src/cli/sinks/lines.ts",
    find: "onGone(error);\n    await cutOff(delivery.signal);",
    replace: "onGone(error);",
    test: [linesTest, "says that the reader has gone, and acknowledges neither what was being written nor what comes after"],
  },
  {
    protection: "a reader may pause for as long as it likes",
    file: "src/cli/sinks/lines.ts",
    find: "delivery.extend(noLimitMs);",
    replace: "",
    test: [linesTest, "gives a reader as long as it likes: no mail fails because nobody reads for hours"],
  },
  {
    protection: "a line that goes into a file is acknowledged when it is durable",
    file: "src/cli/sinks/lines.ts",
    find: "await sync(file);",
    replace: "void sync(file);",
    test: [linesTest, "acknowledges a mail only when its line is durable, where standard output is a file"],
  },
  {
    protection: "a file has its name only when all of it is there",
    file: "src/cli/sinks/durable-file.ts",
    find: "const part = join(dirname(file), ",
    replace: "const part = file || join(dirname(file), ",
    test: [filesTest, "a mail shows no file under its name before all of it is there, the JSON last"],
  },
  {
    protection: "the names of files are made of the key, so that a mail overwrites its own",
    file: "src/cli/sinks/files.ts",
    find: "const name = nameOfKey(key);",
    replace: "const name = nameOfKey(key + delivery.attempt);",
    test: [filesTest, "a mail that comes again overwrites its own files"],
  },
  {
    protection: "a MIME that cannot be had for now is no refusal",
    file: "src/cli/sinks/files.ts",
    find: 'error.code.startsWith("GRAPH_") && error.scope === "call" && !error.retryable',
    replace: 'error.code !== "CONFIG_INVALID"',
    test: [filesTest, "whose MIME cannot be had for now (GRAPH_TIMEOUT) is another attempt, and leaves nothing"],
  },
  {
    protection: "only 2xx and 409 of a webhook acknowledge",
    file: "src/cli/sinks/webhook.ts",
    find: "(status >= 200 && status <= 299) || status === 409",
    replace: "status < 500",
    test: [webhookTest, "an answer of 404 is another attempt with the back-off of the daemon, and its reason tells nothing of the mail"],
  },
  {
    protection: "a webhook is asked again when its Retry-After is over",
    file: "src/cli/sinks/webhook.ts",
    find: "...stated({ afterMs }), ",
    replace: "",
    test: [webhookTest, "an answer with Retry-After in seconds is tried again then"],
  },
  {
    protection: "the door of a webhook leads to its origin alone",
    file: "src/base/http.ts",
    find: "if (!plain || carries || target.origin !== origin)",
    replace: "if (!plain || carries)",
    test: [doorTest, "another host is refused before anything is sent"],
  },
  {
    protection: "the door of a webhook lets no token through",
    file: "src/base/http.ts",
    find: "if (!plain || carries || target.origin !== origin)",
    replace: "if (!plain || target.origin !== origin)",
    test: [doorTest, "a request with Authorization is refused, and does not show it"],
  },
  {
    protection: "no mail goes to another machine in clear text",
    file: "src/cli/sinks/webhook.ts",
    find: 'url.protocol === "https:" || isLoopback(url)',
    replace: 'url.protocol === "https:" || url.protocol === "http:" || isLoopback(url)',
    test: [webhookTest, "refused before any mail is asked for is clear text to another machine, named without what may be secret in it"],
  },
];
