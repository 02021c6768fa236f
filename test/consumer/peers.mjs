/** In a project that installed the tarball and none of its optional peers: what needs one says so, by code and with what to install. */
import { bullmqScheduler, keychainKeys, undiciFetch } from "m365-mail-daemon";

const seen = [];
for (const use of [() => undiciFetch(), () => keychainKeys().load(), () => bullmqScheduler({ connection: "redis://127.0.0.1" }).open()]) {
  try {
    await use();
    seen.push("no refusal");
  } catch ({ code, remedy }) {
    seen.push(`${code}: ${remedy.split(" (")[0]}`);
  }
}
const expected = [
  "CONFIG_PACKAGE_MISSING: Run: npm install undici@7",
  "AUTH_VAULT_KEY_MISSING: Run: npm install @azure/msal-node-extensions",
  "CONFIG_PACKAGE_MISSING: Run: npm install bullmq ioredis",
];
if (JSON.stringify(seen) !== JSON.stringify(expected)) throw new Error(`Without the optional peers: ${JSON.stringify(seen)}`);
console.log("optional peers: none installed, each named by what needs it");
