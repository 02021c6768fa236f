/** Set-up file: the leak check around every test of a file. The runner evaluates it once a file, and what it imports once a process. */
import { aroundEach } from "vitest";
import { checkLeaks } from "./leaks.js";

aroundEach(checkLeaks);
