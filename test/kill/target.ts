/** A real small target: scripts that write down when they begin and end, a service that answers, two databases. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Database } from '../../src/contract/plan/environment.js';
import type { TestServer } from '../activities/postgres-server.js';
import { type TcpProxy, tcpProxy } from '../helpers/tcp-proxy.js';
import { readJournal } from './journal.js';
import { ENVIRONMENTS, type Path, planText, RELEASE, REVISIONS } from './plan.js';

/** What a deployment leaves behind. */
export interface TargetState {
  version: string;
  maintenance: string;
  revision: string;
}

/** How long each command works, seconds: long enough to be killed in its midst. */
const WORK = 0.15;

/** The recorder marks its command with the step's folder: DEPLOYMENT/STEP/GENERATION/NAME. */
const journaled = (command: string, work: string) => `#!/bin/sh
set -e
cd "$(dirname "$0")"
step="\${SUREFOOT_COMMAND#*/steps/*/}"
echo "begin $$ $step ${command}" >> journal
sleep ${WORK}
${work}
echo "end $$ $step ${command}" >> journal
`;
const sql = (statement: string) =>
  `psql -qX -v ON_ERROR_STOP=1 "$(cat "$1.database")" -c "BEGIN; ${statement} COMMIT;"`;

/** Like other tools they have nothing to do where it is done: it is the journal that tells. */
const SCRIPTS = {
  deploy: journaled('$1 deploy $2', `printf %s "$2" > "$1.version"`),
  maintenance: journaled('production maintenance $1', `printf %s "$1" > production.maintenance`),
  restart: journaled('$1 restart', 'true'),
  upgrade: journaled(
    '$1 upgrade',
    sql(`CREATE TABLE IF NOT EXISTS notes (id int); UPDATE schema_revision SET revision = '${REVISIONS.head}';`),
  ),
  downgrade: journaled(
    '$1 downgrade $2',
    sql(`DROP TABLE IF EXISTS notes; UPDATE schema_revision SET revision = '$2';`),
  ),
};

const SCHEMA = `DROP TABLE IF EXISTS notes, schema_revision;
  CREATE TABLE schema_revision (revision text); INSERT INTO schema_revision VALUES ('${REVISIONS.base}')`;

export class SmallTarget {
  private breaks: Path = 'happy';
  /** Set while a run wants to answer for people. */
  people: (question: string) => Promise<void> = async () => undefined;
  /** Called whenever production's metrics have said that it is broken. */
  seenBroken: () => void = () => undefined;
  private readonly servers: Server[] = [];
  /** Before the service of staging and that of production. */
  readonly proxies: TcpProxy[] = [];

  private constructor(
    private readonly folder: string,
    private readonly postgres: TestServer,
    private readonly databases: Record<(typeof ENVIRONMENTS)[number], Database>,
  ) {}

  /** @param port of the proxy before PostgreSQL */
  static async start(folder: string, postgres: TestServer, port: number): Promise<SmallTarget> {
    mkdirSync(folder, { recursive: true });
    const databases = { staging: await postgres.create('staging'), production: await postgres.create('production') };
    const target = new SmallTarget(folder, postgres, databases);
    for (const [script, text] of Object.entries(SCRIPTS)) {
      writeFileSync(join(folder, script), text);
      chmodSync(join(folder, script), 0o755);
    }
    const { host, user, password } = postgres.connection;
    for (const environment of ENVIRONMENTS) {
      const own = databases[environment].name;
      target.write(`${environment}.database`, `postgresql://${user}:${password}@${host}:${port}/${own}`);
    }
    for (const environment of ENVIRONMENTS) await target.serve(environment);
    const [staging, production] = await Promise.all(target.servers.map((server) => tcpProxy({ port: portOf(server) })));
    if (!staging || !production) throw new Error('there is no proxy before the service');
    target.proxies.push(staging, production);
    const url = (proxy: TcpProxy) => `http://127.0.0.1:${proxy.port}`;
    target.write(
      'plan.yaml',
      planText({
        folder,
        urls: { staging: url(staging), production: url(production) },
        connection: { ...postgres.connection, port },
        passwordFile: String(databases.staging.password).replace(/^file:/, ''),
        databases: { staging: databases.staging.name, production: databases.production.name, scratch: 'postgres' },
      }),
    );
    return target;
  }

  get planFile(): string {
    return join(this.folder, 'plan.yaml');
  }

  /** Where people are asked. */
  get peopleUrl(): string {
    return `http://127.0.0.1:${portOf(this.servers[0])}/people`;
  }

  /** As before the first deployment. @param breaks which rollback the new release will make necessary */
  async reset(breaks: Path): Promise<void> {
    this.breaks = breaks;
    this.write('journal', '');
    this.write('production.maintenance', 'off');
    rmSync(join(this.folder, 'evidence'), { recursive: true, force: true });
    for (const environment of ENVIRONMENTS) {
      this.write(`${environment}.version`, RELEASE.previous);
      await this.postgres.query(this.databases[environment], SCHEMA);
    }
  }

  journal() {
    return readJournal(this.read('journal'));
  }

  async state(): Promise<TargetState> {
    const { rows } = await this.postgres.query(this.databases.production, 'SELECT revision FROM schema_revision');
    return {
      version: this.read('production.version'),
      maintenance: this.read('production.maintenance'),
      revision: String(rows[0]?.revision),
    };
  }

  async stop(): Promise<void> {
    for (const proxy of this.proxies) await proxy.close();
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private read = (file: string) => readFileSync(join(this.folder, file), 'utf8');
  private write = (file: string, text: string) => writeFileSync(join(this.folder, file), text, { mode: 0o600 });

  private async serve(environment: (typeof ENVIRONMENTS)[number]): Promise<void> {
    const server = createServer((request, response) => this.answer(environment, request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.servers.push(server);
  }

  private answer(environment: string, request: IncomingMessage, response: ServerResponse): void {
    const json = (body: object) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const version = this.read(`${environment}.version`);
    if (request.url === '/people') {
      void this.ask(request, response);
    } else if (request.url === '/metrics') {
      const isBroken = environment === 'production' && version === RELEASE.target;
      const ways = ['code', 'migration', 'full'].map(
        (way) => `broken{way="${way}"} ${isBroken && way === this.breaks ? 1 : 0}\n`,
      );
      if (isBroken && this.breaks !== 'happy') this.seenBroken();
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`# TYPE broken gauge\n${ways.join('')}`);
    } else if (request.url === '/healthz') json({ status: 'ok', version });
    else json({ items: [], total: 0 });
  }

  private async ask(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      await this.people(Buffer.concat(chunks).toString());
      response.end();
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }
}

const portOf = (server: Server | undefined): number => (server?.address() as AddressInfo | undefined)?.port ?? 0;
