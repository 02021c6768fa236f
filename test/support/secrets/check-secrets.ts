/** Set-up file: the secret grep around every test of a file. The runner evaluates it once a file, and what it imports once a process. */
import { afterAll, aroundEach } from "vitest";
import { assertNothingFound, checkSecrets } from "./watch.js";

aroundEach(checkSecrets);
afterAll(() => assertNothingFound("Something after the last test"));
