/** A person ended the command by Ctrl-C before it was done: no failure of anything, and whatever gave up for it ends with 130. */
import { MailError } from "../base/errors.js";

export class Interrupted extends MailError {
  constructor(message = "It was interrupted before it was done.") {
    super("LIFECYCLE_STOPPED", message);
  }
}
