import { expect, it } from "vitest";
import { unusedProxy } from "../../../../src/daemon/doctor/proxy-use.js";

const host = "graph.microsoft.com";
const proxy = "http://me:letmein@proxy.example:8080";
const unused = (env: NodeJS.ProcessEnv, nodeVersion = "20.20.2", execArgv: string[] = []) =>
  unusedProxy(host, { env, nodeVersion, execArgv });

it("is a proxy that the environment names and Node's fetch leaves alone", () => {
  expect(unused({})).toBeUndefined();
  expect(unused({ HTTPS_PROXY: "" })).toBeUndefined();
  expect(unused({ HTTPS_PROXY: proxy })).toBe("HTTPS_PROXY");
  expect(unused({ https_proxy: proxy })).toBe("https_proxy");
});

it.each([
  ["20.20.2", "HTTPS_PROXY"],
  ["22.20.0", "HTTPS_PROXY"],
  ["22.21.0", undefined],
  ["23.11.0", "HTTPS_PROXY"],
  ["24.0.0", undefined],
  ["25.1.0", undefined],
])("Node %s that is told to use it leaves %s alone", (version, left) => {
  expect(unused({ HTTPS_PROXY: proxy, NODE_USE_ENV_PROXY: "1" }, version)).toBe(left);
  expect(unused({ HTTPS_PROXY: proxy, NODE_OPTIONS: "--use-env-proxy" }, version)).toBe(left);
  expect(unused({ HTTPS_PROXY: proxy }, version, ["--use-env-proxy"])).toBe(left);
  expect(unused({ HTTPS_PROXY: proxy, NODE_USE_ENV_PROXY: "0" }, version)).toBe("HTTPS_PROXY");
});

it.each([
  ["*", undefined],
  ["microsoft.com", undefined],
  [".microsoft.com", undefined],
  ["localhost, graph.microsoft.com:443", undefined],
  ["localhost,*.microsoft.com", undefined],
  ["soft.com", "HTTPS_PROXY"],
  ["login.microsoftonline.com", "HTTPS_PROXY"],
])("with NO_PROXY=%s it is %s", (exemptions, left) => {
  expect(unused({ HTTPS_PROXY: proxy, NO_PROXY: exemptions })).toBe(left);
  expect(unused({ HTTPS_PROXY: proxy, no_proxy: exemptions })).toBe(left);
});
