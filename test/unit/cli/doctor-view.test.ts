/** What a person reads of the doctor's findings, on a terminal and elsewhere. */
import { expect, test } from "vitest";
import { doctorText } from "../../../src/cli/doctor-view.js";
import type { Finding } from "../../../src/daemon/doctor/finding.js";

const queue = "support@contoso.com";
const findings: readonly Finding[] = [
  { check: "store", outcome: "ok", found: "The store opens and takes writes." },
  {
    queue,
    check: "vault-record",
    outcome: "failed",
    found: "support@contoso.com has not been signed in.",
    remedy: "Sign support@contoso.com in. (user; docs/setup-entra.md#sign-in)",
    step: "sign-in",
  },
  { queue, check: "consent", outcome: "skipped", found: "Not looked at, as vault-record failed." },
  { queue, check: "token", outcome: "skipped", found: "Not looked at, as vault-record failed." },
  { check: "clock", outcome: "skipped", found: "No server told its time." },
];
const options = { style: (_style: string, text: string) => text, commandOf: (...words: string[]) => `mail ${words.join(" ")}` };

test("where it is no terminal a finding is a line, its remedy another; what was skipped for one reason is one line", () => {
  expect(doctorText(findings, { ...options, columns: undefined }).split("\n")).toEqual([
    "ok   store         The store opens and takes writes.",
    "",
    "support@contoso.com",
    "FAIL vault-record  support@contoso.com has not been signed in.",
    "                   What to do: Sign support@contoso.com in. (user; docs/setup-entra.md#sign-in) Run: mail sign-in support@contoso.com",
    "-    2 checks      Not looked at, as vault-record failed: consent, token.",
    "",
    "-    clock         No server told its time.",
  ]);
});

test("on a terminal no line is wider than it, no word is broken, and what goes on is indented", () => {
  const lines = doctorText(findings, { ...options, columns: 60 }).split("\n");
  expect(lines.filter((line) => line.length >= 60)).toEqual([]);
  expect(lines.slice(3, 9)).toEqual([
    "FAIL vault-record  support@contoso.com has not been signed",
    "                   in.",
    "                   What to do: Sign support@contoso.com in.",
    "                   (user; docs/setup-entra.md#sign-in) Run:",
    "                   mail sign-in support@contoso.com",
    "-    2 checks      Not looked at, as vault-record failed:",
  ]);
});
