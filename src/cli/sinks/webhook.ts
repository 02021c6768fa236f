/**
 * A webhook: each mail as a signed POST of JSON.
 *
 * Invariants: 2xx and 409 (it has it already) acknowledge, nothing else does; every other answer, and none, is another
 * attempt, at the time that `Retry-After` names if it names one. A wrong address or secret loses no mail: it is tried for
 * days, then rests in quarantine. No redirect is followed; nothing but the webhook's own origin is asked, and no token of
 * a mailbox is at hand here.
 */
import type { Clock } from "../../base/clock.js";
import { ConfigError, MailError } from "../../base/errors.js";
import { createHttp, type HttpAnswer, isLoopback } from "../../base/http.js";
import { retryAfterAt } from "../../base/retry-after.js";
import { stated } from "../../base/stated.js";
import type { Delivery } from "../../delivery/delivery.js";
import type { WebhookConfig } from "../config.js";
import { mailJson, nameOfKey } from "../mail-json.js";
import { signatureOf, signingSecrets } from "./signature.js";
import { nothingToClose, patientAttempts, type Sink } from "./sink.js";

const defaultDeadlineMs = 15_000;
/** A `Retry-After` of nothing is not believed that far. */
const leastPauseMs = 1_000;

/** @throws ConfigError `CONFIG_INVALID` */
export function webhookSink(config: WebhookConfig, { env, clock }: { readonly env: NodeJS.ProcessEnv; readonly clock: Clock }): Sink {
  const url = checkedUrl(config.url);
  const secrets = signingSecrets(env[config.secretEnv], config.secretEnv);
  const { origin, host, href } = url;
  const http = createHttp({ service: "DELIVERY_WEBHOOK", origin, deadlineMs: config.deadlineMs ?? defaultDeadlineMs, clock });

  function post(delivery: Delivery): Promise<HttpAnswer> {
    const body = JSON.stringify(mailJson(delivery));
    const [id, timestamp] = [`msg_${nameOfKey(delivery.key)}`, Math.floor(clock.now() / 1_000)];
    const headers = {
      "content-type": "application/json",
      "user-agent": "m365-mail-daemon",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signatureOf({ id, timestamp, body }, secrets),
    };
    return http({ method: "POST", url: href, headers, body, signal: delivery.signal });
  }

  return {
    where: `the webhook at ${host}`,
    maxAttempts: patientAttempts,
    tellsReasons: true,
    async handler(delivery) {
      try {
        const { status, headers } = await post(delivery);
        if ((status >= 200 && status <= 299) || status === 409) return;
        const at = retryAfterAt(headers.get("retry-after"), clock.now(), headers.get("date"));
        const afterMs = at === undefined ? undefined : Math.max(leastPauseMs, at - clock.now());
        await delivery.retry({ ...stated({ afterMs }), reason: reasonOf(refusal(host, status)) });
      } catch (error) {
        if (delivery.signal.aborted || !(error instanceof MailError) || !error.code.startsWith("DELIVERY_WEBHOOK_")) throw error;
        await delivery.retry({ reason: reasonOf(error) });
      }
    },
    close: nothingToClose,
  };
}

function checkedUrl(text: string): URL {
  const url = new URL(text);
  const isPlain = url.username === "" && url.password === "";
  if (isPlain && (url.protocol === "https:" || isLoopback(url))) return url;
  const where = `${url.protocol}//${url.host}`;
  throw new ConfigError(
    "CONFIG_INVALID",
    `Expected \`deliverTo.webhook.url\` to be https, or http on loopback, without name and password, got ${where}: mail goes out in clear text to nobody.`,
  );
}

function refusal(host: string, status: number): MailError {
  const hint = hints.find(([first, last]) => status >= first && status <= last)?.[2] ?? "";
  return new MailError("DELIVERY_WEBHOOK_REFUSED", `${host} answered ${status}${hint}`);
}

const hints: readonly (readonly [first: number, last: number, hint: string])[] = [
  [300, 399, ": redirects are not followed; name the address that it leads to"],
  [401, 403, ": look at the secret, and at what stands in front of the endpoint"],
  [404, 404, ": look at the path"],
  [413, 413, ": it takes no body of that size"],
  [422, 422, ": it does not understand this mail"],
];

const reasonOf = ({ code, message }: MailError) => `${code}: ${message}`;
