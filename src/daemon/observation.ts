/**
 * What looks at a daemon from outside: the log and the metrics, where the host wants them.
 *
 * Invariants: where it wants neither, nothing is listened to and nothing is measured; what fails in the host's own
 * logger or meter is told by `listener:failed` and stops nothing. Ends with the daemon, after its last event.
 */
import type { Clock } from "../base/clock.js";
import type { Emitter } from "../base/emitter.js";
import type { Delivery } from "../delivery/delivery.js";
import type { ConnectionWatch } from "./connection.js";
import type { DaemonEvents } from "./events.js";
import { startLog } from "./log.js";
import { type Metrics, startMetrics } from "./metrics/metrics.js";
import type { DaemonSettings } from "./options.js";
import type { DaemonStatus } from "./status.js";

export interface Observation {
  /** Of the requests; empty where nothing is measured. */
  readonly connection: ConnectionWatch;
  handedOver(delivery: Delivery): void;
  end(): void;
}

export interface ObservationSources {
  readonly clock: Clock;
  readonly emitter: Pick<Emitter<DaemonEvents>, "on" | "emit">;
  /** Not asked before the daemon is made. */
  readonly status: () => DaemonStatus;
}

type Watched = Pick<DaemonSettings, "logger" | "logAddresses" | "metrics">;

/** @throws ConfigError `CONFIG_PACKAGE_MISSING` */
export function observe({ logger, logAddresses, metrics: wanted }: Watched, { clock, emitter, status }: ObservationSources): Observation {
  const { on } = emitter;
  const metrics = wanted && startMetrics(wanted, { clock, on, status });
  const endLog = logger && startLog({ logger, logAddresses, on });

  /** Calls of ours stand where mail is worked on: no meter may break that. */
  function measure(tell: (metrics: Metrics) => void): void {
    if (!metrics) return;
    try {
      tell(metrics);
    } catch (error) {
      emitter.emit("listener:failed", { event: "metrics", error });
    }
  }

  return {
    connection: metrics
      ? {
          onRequestEnd: (host, end) => measure((to) => to.requestEnded(host, end)),
          onRefreshEnd: (code) => measure((to) => to.refreshEnded(code)),
        }
      : {},
    handedOver: (delivery) => measure((to) => to.handedOver(delivery)),
    end() {
      measure((to) => to.end());
      endLog?.();
    },
  };
}
