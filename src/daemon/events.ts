/** The event map of the daemon: the floors' slices joined, and the daemon's own. */
import type { AuthEvents } from "../auth/events.js";
import type { EmitterEvents } from "../base/emitter.js";
import type { MailErrorCode } from "../base/errors.js";
import type { Delivery } from "../delivery/delivery.js";
import type { DeliveryEvents } from "../delivery/events.js";
import type { ScheduleEvents } from "../schedule/events.js";
import type { StoreEvents } from "../state/events.js";

/** Every event has one payload object; `queue` in it is the address as configured. */
export interface DaemonEvents extends EmitterEvents, AuthEvents, DeliveryEvents, ScheduleEvents, StoreEvents {
  /** A message to be settled by the listener. Only when the daemon has no `handler`. */
  message: Delivery;
  /** All queues are owned and begin to be polled; those without a token wait. */
  "daemon:started": { readonly queues: number };
  "daemon:stopping": { readonly why: string };
  /** Everything is let go of. With a code, the daemon stopped by itself. */
  "daemon:stopped": { readonly why: string; readonly code?: MailErrorCode };
}
