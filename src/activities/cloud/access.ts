/** Whether AWS, Datadog, CloudWatch and the like can be reached with the rights that the plan names; nothing is changed. */
import { CloudWatchClient, DescribeAlarmsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { z } from 'zod';
import { openAws } from '../../adapters/cloud/aws.js';
import { openDatadog } from '../../adapters/cloud/datadog-api.js';
import { prometheusQuestion } from '../../adapters/cloud/prometheus-api.js';
import { serviceMessage } from '../../adapters/cloud/service-message.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { authorization, readJson, Unusable } from '../../adapters/http/json-service.js';
import { type Patience, type PatientRequest, patientRequests } from '../../adapters/http/patient-request.js';
import type { AccessActivities } from '../../contract/activities/admission.js';
import type { Access } from '../../contract/plan/proofs.js';
import { type Fact, failures, passed } from '../../domain/evidence.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** Facts: one for each entry of the plan's `access`, by its id. */
export function createAccessActivities(options: { patience?: Patience } = {}): AccessActivities {
  return {
    checkAccess: ({ key, evidence, access }) =>
      withHeartbeat(async (signal) => {
        const ask = patientRequests(signal, options.patience);
        const facts = await Promise.all(access.map((one) => check(one, { ask, signal })));
        signal.throwIfAborted();
        const content = `${JSON.stringify({ access, facts }, undefined, 2)}\n`;
        const path = evidencePath(key, 'access.json');
        const reference = await storeEvidence(evidence, { title: 'Access to cloud and monitoring', path, content });
        const report = { summary: facts.map(({ text }) => text).join('; '), facts, evidence: [reference] };
        return passed(report) ? report : { ...report, summary: failures(report) };
      }),
  };
}

interface Means {
  ask: PatientRequest;
  signal: AbortSignal;
}

/** One right: its name for people, and a harmless call that needs it. */
type Rights = [name: string, call: () => Promise<unknown>][];

/** Who is asked, and what must be allowed. @throws when there is no way to ask */
type Opened = { who?: string; rights: Rights };

async function check(access: Access, means: Means): Promise<Fact> {
  const { id, title } = access;
  try {
    const { who, rights } = await open(access, means);
    const problems = await Promise.all(
      rights.map(([name, call]) =>
        call().then(
          () => [],
          (error: unknown) => [`${name}: ${serviceMessage(error)}`],
        ),
      ),
    );
    const names = rights.map(([name]) => name).join(', ');
    const missing = problems.flat().join('; ');
    return { name: id, ok: missing === '', text: `${title}: ${missing || [who, names].filter(Boolean).join('; ')}` };
  } catch (error) {
    return { name: id, ok: false, text: `${title}: ${serviceMessage(error)}` };
  }
}

type Kind = Access['kind'];
type AccessOf<K extends Kind> = Extract<Access, { kind: K }>;

/** Every kind of access that a plan can name. */
const OPENERS: { readonly [K in Kind]: (access: AccessOf<K>, means: Means) => Promise<Opened> } = {
  aws: openAccount,
  cloudwatch: openCloudWatch,
  datadog: openDatadogRights,
  prometheus: openPrometheus,
  http: openHttp,
};

const open = <K extends Kind>(access: AccessOf<K>, means: Means): Promise<Opened> =>
  OPENERS[access.kind as K](access, means);

async function openAccount(access: AccessOf<'aws'>, { signal }: Means): Promise<Opened> {
  const send = { abortSignal: signal };
  const caller = await openAws(STSClient, access.place);
  const identity = await caller.send(new GetCallerIdentityCommand({}), send);
  const who = `${identity.Arn} in account ${identity.Account}`;
  if (access.account !== undefined && identity.Account !== access.account)
    throw new Unusable(`the worker is ${who}, not in ${access.account}`);
  const s3 = await openAws(S3Client, access.place, { forcePathStyle: access.place.endpoint !== undefined });
  const rights: Rights = access.buckets.map((bucket) => [
    `bucket ${bucket}`,
    () => s3.send(new HeadBucketCommand({ Bucket: bucket }), send),
  ]);
  return { who, rights };
}

async function openCloudWatch(access: AccessOf<'cloudwatch'>, { signal }: Means): Promise<Opened> {
  const client = await openAws(CloudWatchClient, access.place);
  const logs = await openAws(CloudWatchLogsClient, access.place);
  const send = { abortSignal: signal };
  const calls = {
    metrics: () => client.send(new ListMetricsCommand({}), send),
    alarms: () => client.send(new DescribeAlarmsCommand({ MaxRecords: 1 }), send),
    logs: () => logs.send(new DescribeLogGroupsCommand({ limit: 1 }), send),
  };
  return { rights: access.rights.map((right) => [right, calls[right]]) };
}

async function openDatadogRights(access: AccessOf<'datadog'>, { ask }: Means): Promise<Opened> {
  const read = await openDatadog(access.place, ask);
  await read('/api/v1/validate', z.object({ valid: z.literal(true) }));
  const now = Math.floor(Date.now() / 1_000);
  const query = new URLSearchParams({
    from: String(now - 300),
    to: String(now),
    query: 'avg:datadog.agent.running{*}',
  });
  const calls = {
    metrics: () => read(`/api/v1/query?${query}`, z.object({ status: z.literal('ok') })),
    monitors: () => read('/api/v1/monitor?page=0&page_size=1', z.array(z.object({ id: z.number() }))),
  };
  return { who: 'the API key is valid', rights: access.rights.map((right) => [right, calls[right]]) };
}

async function openPrometheus(access: AccessOf<'prometheus'>, { ask }: Means): Promise<Opened> {
  const question = await prometheusQuestion(access.place, '/api/v1/query?query=vector(1)');
  const schema = z.object({ status: z.literal('success') });
  return { rights: [['queries', () => readJson(question, { ask, schema })]] };
}

async function openHttp(access: AccessOf<'http'>, { ask }: Means): Promise<Opened> {
  const headers = await authorization(access);
  const { pathname, host } = new URL(access.url);
  const call = async () => {
    const { status, statusText } = await ask({ url: access.url, headers });
    if (status !== access.status) throw new Unusable(`it answered ${statusText}, not ${access.status}`);
  };
  return { rights: [[`${host}${pathname}`, call]] };
}
