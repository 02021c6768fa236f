/** Set-up file: the two zeros around every test of a file. The runner evaluates it once a file, and what it imports once a process. */
import { aroundEach } from "vitest";
import { checkZeros } from "./watch.js";

aroundEach(checkZeros);
