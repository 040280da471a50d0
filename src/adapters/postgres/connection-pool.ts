/** Connections for those who ask often: one that is idle is used again, and ended after a minute. */
import pg from 'pg';
import type { Database } from '../../contract/plan/environment.js';
import { type ConnectionOptions, type DatabaseClient, openDatabase } from './postgres.js';
import { isGone } from './postgres-errors.js';

/** Milliseconds. */
const KEPT_FOR = 60_000;

type Connection = Awaited<ReturnType<typeof openDatabase>>;
interface Idle extends Connection {
  timer: NodeJS.Timeout;
}

export class ConnectionPool {
  /** By database, the last one used last. */
  private readonly idle = new Map<string, Idle[]>();
  private closed = false;

  constructor(private readonly options: ConnectionOptions) {}

  /** @throws what connecting and the work throw; an idle connection that broke meanwhile is replaced */
  async use<T>(database: Database, work: (client: DatabaseClient) => Promise<T>): Promise<T> {
    const place = JSON.stringify(database);
    for (let kept = this.take(place); kept !== undefined; kept = this.take(place)) {
      try {
        return await this.work(place, kept, work);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
    return this.work(place, await openDatabase(database, this.options), work);
  }

  /** Ends all connections, those at work when they are done. */
  async close(): Promise<void> {
    this.closed = true;
    const all = [...this.idle.values()].flat();
    this.idle.clear();
    for (const { timer } of all) clearTimeout(timer);
    await Promise.all(all.map(({ end }) => end()));
  }

  private async work<T>(place: string, connection: Connection, work: (client: DatabaseClient) => Promise<T>) {
    try {
      const result = await work(connection.client);
      this.keep(place, connection);
      return result;
    } catch (error) {
      if (error instanceof pg.DatabaseError && !isGone(error)) this.keep(place, connection);
      else await connection.end();
      throw error;
    }
  }

  private take(place: string): Connection | undefined {
    const kept = this.idle.get(place)?.pop();
    clearTimeout(kept?.timer);
    return kept;
  }

  private keep(place: string, connection: Connection): void {
    if (this.closed) return void connection.end();
    const timer = setTimeout(() => {
      this.idle.set(
        place,
        (this.idle.get(place) ?? []).filter((one) => one.timer !== timer),
      );
      void connection.end();
    }, KEPT_FOR).unref();
    this.idle.set(place, [...(this.idle.get(place) ?? []), { ...connection, timer }]);
  }
}
