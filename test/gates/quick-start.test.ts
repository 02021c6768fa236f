/** The package gate plays the README's quick start: the programs made from it keep its text and check what happened. */
import { expect, test } from "vitest";
import { programsOf } from "../../scripts/quick-start.mjs";

const quickStart = `import { createMailDaemon } from "m365-mail-daemon";

const tenantId: string = "given";
const daemon = createMailDaemon({ app: { clientId, tenantId }, handler: async ({ message }) => { await createTicket(message); } });
await daemon.start();
await daemon.stopped;
`;

test("free names come from the stage, declared ones stay, and the stage signs in before the last wait and reports after it", () => {
  const { esm } = programsOf(quickStart);
  expect(esm).toContain('import { createMailDaemon } from "m365-mail-daemon";');
  expect(esm).toContain('import { clientId, createTicket, signIn, report } from "./stage.mjs";');
  expect(esm).toMatch(/await daemon\.start\(\);\s+await signIn\(daemon\);\s+await daemon\.stopped;\s+report\(\);\s+$/);
});

test("the CommonJS program requires the package and waits inside a function", () => {
  const { commonJs } = programsOf(quickStart);
  expect(commonJs).toContain('require("m365-mail-daemon")');
  expect(commonJs).toMatch(
    /async function main\(\) \{.*await daemon\.stopped;\s+\(0, stage_mjs_1\.report\)\(\);\s+\}\s+void main\(\);\s*$/s,
  );
});

test("a quick start that never waits for the end is refused", () => {
  expect(() => programsOf(quickStart.replace("await daemon.stopped;", ""))).toThrow(
    "Expected the quick start to hold the line `await daemon.stopped;`",
  );
});
