/** One deployment from its beginning to its end, with workers and recorders killed at the moments that were asked for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { type DeployInput, type DeployResult, startAttributes } from '../../src/contract/deployment.js';
import { decideUpdate } from '../../src/contract/messages.js';
import { deployWorkflowId, SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../src/contract/names.js';
import type { Approvals } from '../../src/domain/decisions/approvals.js';
import { sensibleAnswers } from '../../src/domain/decisions/stand-ins.js';
import type { Decision, Question } from '../../src/domain/ledger/ledger.js';
import { projectFolder } from '../../src/local/folders.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/local/temporal.js';
import { virtualTimeInterceptors } from '../../src/local/time-skipping.js';
import { newDeploymentId } from '../../src/plan/deployment-id.js';
import { type LoadedPlan, loadPlan } from '../../src/plan/load.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { type TcpProxy, tcpProxy } from '../helpers/tcp-proxy.js';
import type { Answered, Entry } from './journal.js';
import { type Path, REVISIONS } from './plan.js';
import { SmallTarget, type TargetState } from './target.js';
import { isTrouble, makeTrouble, type Trouble } from './troubles.js';
import { startWire } from './wire.js';

export const VICTIMS = ['worker', 'recorder', 'both'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Who is killed at which moment, or what else goes wrong at it. */
export interface Kill {
  moment: string;
  who: Victim | Trouble;
}

/** The moments that came, in their order. */
export interface Moments<T = string[]> {
  ofWorker: T;
  ofRecorder: T;
}

export interface Run {
  moments: Moments;
  /** How many of them had come when production was first seen broken. */
  beforeBreach?: Moments<number>;
  /** The kills that took place. */
  fired: Kill[];
  journal: Entry[];
  ending: { outcome?: string; option?: string } & TargetState;
  /** Events of each workflow's history. */
  events: number;
  /** What people were asked beyond sign-offs. */
  questions: string[];
  /** The most that they have said of what nobody knew the end of. */
  answered: Answered;
  /** Steps that did not pass, and why. */
  troubles: { step: string; why: string }[];
  milliseconds: number;
}

const here = (file: string) => join(projectFolder(), 'test', 'kill', file);
const RESTART = 100;

/** A server, a target and a folder for one run after the other. Several of them run side by side. */
export class Lane {
  private runs = 0;
  private answered: Answered = 'nothing';
  private path: Path = 'happy';

  private constructor(
    private readonly folder: string,
    private temporal: TemporalServer,
    private readonly postgres: TestServer,
    private readonly database: TcpProxy,
    private readonly client: Client,
    private readonly target: SmallTarget,
    private readonly plan: LoadedPlan,
    private readonly startTemporal: () => Promise<TemporalServer>,
  ) {}

  static async start(folder: string): Promise<Lane> {
    mkdirSync(folder, { recursive: true });
    const ports = await choosePorts(folder, ['grpc', 'ui']);
    const databaseFile = join(folder, 'temporal.db');
    const startTemporal = () =>
      startTemporalServer({ folder, ports, virtualTime: true, databaseFile, searchAttributes: SEARCH_ATTRIBUTES });
    const temporal = await startTemporal();
    const postgres = await startTestServer();
    const database = await tcpProxy({ port: Number(postgres.connection.port) });
    const target = await SmallTarget.start(join(folder, 'target'), postgres, database.port);
    const connection = await Connection.connect({ address: temporal.address, interceptors: virtualTimeInterceptors() });
    const client = new Client({ connection });
    return new Lane(folder, temporal, postgres, database, client, target, loadPlan(target.planFile), startTemporal);
  }

  async stop(): Promise<void> {
    await this.client.connection.close();
    await this.target.stop();
    await this.database.close();
    await this.postgres.stop();
    await this.temporal.stop();
  }

  /** @param options.forgetful a build that is broken on purpose */
  async run(path: Path, kills: Kill[], options: { forgetful?: boolean; within?: number } = {}): Promise<Run> {
    const began = performance.now();
    const folder = join(this.folder, `run-${++this.runs}`);
    mkdirSync(join(folder, 'state'), { recursive: true });
    await this.target.reset(path);
    const fired: Kill[] = [];
    const ofWorker: string[] = [];
    const troubles: Promise<void>[] = [];
    const begun = new Set<Kill>();
    let worker: ChildProcess | undefined;
    const wire = await startWire(this.temporal.address, (moment) => {
      if (!ofWorker.includes(moment)) ofWorker.push(moment);
      const kill = kills.find((one) => one.moment === moment && !fired.includes(one));
      if (!kill || !worker?.pid || worker.exitCode !== null || worker.signalCode !== null) return false;
      if (isTrouble(kill.who)) {
        // One that has met nobody has not been tried: its moment is missed.
        const made = () => void fired.push(kill);
        const killWorker = () => void worker?.kill('SIGKILL');
        if (!begun.has(kill)) troubles.push(this.trouble(kill.who, way, killWorker).then(made, () => undefined));
        begun.add(kill);
        return false;
      }
      process.kill(worker.pid, 'SIGKILL');
      fired.push(kill);
      return true;
    });
    const way = await tcpProxy({ port: wire.port });
    writeFileSync(join(folder, 'kills.json'), JSON.stringify(kills));
    for (const log of ['moments.log', 'fired.log']) writeFileSync(join(folder, log), '');

    const log = openSync(join(folder, 'worker.log'), 'a');
    const input = {
      address: `127.0.0.1:${way.port}`,
      state: join(folder, 'state'),
      people: this.target.peopleUrl,
      forgetful: options.forgetful,
    };
    let ended = false;
    const supervise = async () => {
      while (!ended) {
        worker = spawn(process.execPath, [here('worker-process.mjs'), JSON.stringify(input)], {
          env: {
            ...process.env,
            SUREFOOT_KILLS: folder,
            NODE_OPTIONS: `--import=${pathToFileURL(here('recorder-hook.mjs')).href}`,
          },
          stdio: ['ignore', log, log],
        });
        writeFileSync(join(folder, 'worker.pid'), String(worker.pid));
        await once(worker, 'exit');
        await pause(RESTART);
      }
    };
    const supervised = supervise();
    const questions: string[] = [];
    this.answered = 'nothing';
    this.path = path;
    this.target.people = (text) => this.answer(JSON.parse(text), questions);
    const read = (name: string) => [...new Set(readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean))];
    let beforeBreach: Run['beforeBreach'];
    this.target.seenBroken = () => {
      beforeBreach ??= { ofWorker: ofWorker.length, ofRecorder: read('moments.log').length };
    };
    const { resolved, digest } = this.plan;
    const deployment = newDeploymentId(resolved.service);
    const args: [DeployInput] = [{ deployment, plan: resolved, digest, startedBy: 'aisha', clock: 'virtual' }];
    const workflowId = deployWorkflowId(resolved.service);
    try {
      const handle = await this.client.workflow.start('DeployWorkflow', {
        ...{ workflowId, taskQueue: TASK_QUEUE, args, workflowTaskTimeout: '4s' },
        ...startAttributes(args[0]),
      });
      const result = (await within(options.within ?? 300_000, handle.result())) as DeployResult;
      await Promise.all(troubles);
      const byHook = read('fired.log');
      const run: Run = {
        moments: { ofWorker, ofRecorder: read('moments.log') },
        beforeBreach,
        fired: [...fired, ...kills.filter(({ moment }) => byHook.includes(moment))],
        journal: this.target.journal(),
        ending: { outcome: result.outcome, option: result.rollback?.option, ...(await this.target.state()) },
        events: await this.eventsOf(deployment, handle.firstExecutionRunId),
        questions,
        answered: this.answered,
        troubles: result.steps.flatMap(({ id, state, reason }) =>
          state === 'passed' ? [] : [{ step: id, why: reason ?? state }],
        ),
        milliseconds: performance.now() - began,
      };
      return run;
    } finally {
      ended = true;
      worker?.kill('SIGKILL');
      await supervised;
      await Promise.all(troubles);
      closeSync(log);
      await way.close();
      await wire.close();
      await this.client.workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => undefined);
    }
  }

  private trouble(trouble: Trouble, temporal: TcpProxy, killWorker: () => void): Promise<void> {
    const [, http] = this.target.proxies;
    if (!http) throw new Error('there is no proxy before production');
    const restart = {
      postgres: () => this.postgres.restart(),
      temporal: async () => {
        process.kill(this.temporal.pid, 'SIGKILL');
        await this.temporal.exited;
        this.temporal = await this.startTemporal();
      },
    };
    return makeTrouble(trouble, { connections: { temporal, postgres: this.database, http }, restart, killWorker });
  }

  /** People sign and confirm; of a command of which nobody knows the end they look what it has done. */
  private async answer(question: Question, asked: string[]): Promise<void> {
    const approvals: Approvals = this.plan.resolved.approvals;
    if (question.kind !== 'approvals') asked.push(`${question.kind} ${question.id}: ${question.title}`);
    for (const decision of sensibleAnswers(approvals, question, 'looked at')) {
      const args: [Decision] = [{ ...decision, ...this.looked(question) }];
      try {
        await this.client.workflow.getHandle(question.workflowId).executeUpdate(decideUpdate, { args });
      } catch (error) {
        // Asked again after a worker was killed: the first answer counts.
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      }
    }
  }

  /** The command has done its work; or it has not, or is one of several, and is begun anew; or a way back is named. */
  private looked({ kind, id, moves }: Question): Partial<Decision> {
    if (kind === 'approvals' || kind === 'confirmation') return {};
    const isDone = this.target.journal().some(({ what, step }) => what === 'end' && step === id);
    if (isDone && moves.includes('confirm')) {
      if (this.answered === 'nothing') this.answered = 'done';
      return { kind: 'confirm' };
    }
    this.answered = 'anew';
    if (moves.includes('retry')) return { kind: 'retry' };
    if (!moves.includes('rollback') || this.path === 'happy') return {};
    return { kind: 'rollback', option: this.path, ...(this.path === 'code' ? {} : { revision: REVISIONS.base }) };
  }

  private async eventsOf(deployment: string, own: string): Promise<number> {
    let events = 0;
    for await (const { workflowId, runId, historyLength } of this.client.workflow.list()) {
      if (runId === own || workflowId.startsWith(deployment)) events += historyLength;
    }
    return events;
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const tooLate = pause(milliseconds, undefined, { signal: late.signal }).then(() => {
    throw new Error(`the deployment has not ended within ${milliseconds / 1_000} s`);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    tooLate.catch(() => undefined);
    late.abort();
  }
}
