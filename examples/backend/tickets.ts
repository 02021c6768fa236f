/**
 * The tickets of the contact centre, in PostgreSQL (here PGlite, which is PostgreSQL in this process; a pool of `pg` has
 * the same `query`).
 *
 * Invariant: one delivery key, one ticket. The unique index decides, whoever inserts, how often, and after whatever crash;
 * nothing is looked up first.
 */
import { PGlite } from "@electric-sql/pglite";
import type { Delivery } from "m365-mail-daemon";

export interface Ticket {
  readonly number: number;
  readonly queue: string;
  readonly sender: string;
  readonly subject: string;
  readonly receivedAt: Date;
}

export interface TicketFilter {
  /** A queue's address; default all. */
  readonly queue?: string;
  /** At most so many, the newest first. */
  readonly limit: number;
}

export interface Tickets {
  /** Opens the delivery's ticket; `isNew` is false when an earlier delivery of the same mail has opened it. */
  open(delivery: Pick<Delivery, "key" | "queue" | "message">): Promise<{ readonly number: number; readonly isNew: boolean }>;
  list(filter: TicketFilter): Promise<Ticket[]>;
  close(): Promise<void>;
}

const schema = `
  CREATE TABLE IF NOT EXISTS tickets (
    number       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_key text NOT NULL UNIQUE,
    queue        text NOT NULL,
    sender       text NOT NULL,
    subject      text NOT NULL,
    body         text NOT NULL,
    received_at  timestamptz NOT NULL
  )`;

const insert = `
  INSERT INTO tickets (delivery_key, queue, sender, subject, body, received_at) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (delivery_key) DO NOTHING RETURNING number`;

const select = `
  SELECT number, queue, sender, subject, received_at AS "receivedAt" FROM tickets
  WHERE $1::text IS NULL OR queue = $1 ORDER BY number DESC LIMIT $2`;

/** PostgreSQL's texts hold no NUL, and mail may. */
const storable = (text: string | undefined) => (text ?? "").replaceAll("\0", "");

/** Opens the database in `folder`, made if absent. */
export async function openTickets(folder: string): Promise<Tickets> {
  const database = await PGlite.create(folder);
  await database.exec(schema);
  return {
    async open({ key, queue, message }) {
      const { from, subject, body, receivedAt } = message;
      const values = [key, queue, storable(from?.address), storable(subject), storable(body?.content), receivedAt];
      const inserted = await database.query<{ number: number }>(insert, values);
      if (inserted.rows[0]) return { number: inserted.rows[0].number, isNew: true };
      const found = await database.query<{ number: number }>("SELECT number FROM tickets WHERE delivery_key = $1", [key]);
      if (!found.rows[0]) throw new Error(`The ticket of ${key} was deleted between two statements.`);
      return { number: found.rows[0].number, isNew: false };
    },
    async list({ queue, limit }) {
      return (await database.query<Ticket>(select, [queue ?? null, limit])).rows;
    },
    close: () => database.close(),
  };
}
