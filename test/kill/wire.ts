/**
 * The connection between a worker and its Temporal server, at which every task and every answer passes: a worker is
 * killed exactly before or after one of them, and what the server waits for a dead worker is made short.
 */
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import proto from '@temporalio/proto';

const {
  PollActivityTaskQueueResponse,
  PollWorkflowTaskQueueResponse,
  RespondWorkflowTaskCompletedRequest,
  RespondWorkflowTaskCompletedResponse,
  RespondActivityTaskCanceledRequest,
  RespondActivityTaskCompletedRequest,
  RespondActivityTaskFailedRequest,
} = proto.temporal.api.workflowservice.v1;
type Attributes = proto.temporal.api.command.v1.ICommand;

/**
 * How long the server waits for a worker that is dead: 10 s to 2 min in production, where nobody counts on some hundred
 * deaths in one deployment.
 */
const NOTICED = { sticky: 1, workflowTask: 4, heartbeat: 3, withoutHeartbeat: 8 };

export interface Wire {
  port: number;
  close(): Promise<void>;
}

/**
 * @param upstream host:port of the server
 * @param comes called at each moment; true when the worker has been killed at it: the message goes no further then
 */
export async function startWire(upstream: string, comes: (moment: string) => boolean): Promise<Wire> {
  let session: ClientHttp2Session | undefined;
  /** Made anew when the server has been away. */
  const client = () => {
    if (!session || session.destroyed || session.closed) {
      session = connect(`http://${upstream}`).on('error', () => undefined);
    }
    return session;
  };
  const moments = new Moments();
  const sessions = new Set<Http2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session.on('error', () => undefined).on('close', () => sessions.delete(session)));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    pass({ client: client(), stream, headers, moments, comes }).catch((error) => {
      console.error(error);
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      session?.destroy();
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Passing {
  client: ClientHttp2Session;
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  moments: Moments;
  comes: (moment: string) => boolean;
}

async function pass({ client, stream, headers, moments, comes }: Passing): Promise<void> {
  const method = String(headers[':path']).split('/').at(-1) ?? '';
  const asked = await bodyOf(stream);
  // Cut off by a kill from elsewhere.
  if (!isWhole(asked)) return;
  const { before, after, body } = moments.asked(method, asked);
  if (before !== undefined && comes(before)) return;

  const { host: _, ':authority': __, ...rest } = headers;
  const request = client.request({ ...rest, ':authority': 'temporal' });
  request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  stream.on('close', () => request.close(constants.NGHTTP2_CANCEL));
  request.end(body);
  let trailers: IncomingHttpHeaders = {};
  request.on('trailers', (received) => {
    trailers = received;
  });
  const answered = await new Promise<IncomingHttpHeaders>((resolve) => request.on('response', resolve));
  const answer = await bodyOf(request);
  const failed = (trailers['grpc-status'] ?? answered['grpc-status']) !== '0' || !isWhole(answer);
  if (!failed && after !== undefined) {
    moments.count(after);
    if (comes(after)) return;
  }
  const given = failed ? [] : moments.answered(method, answer);
  if (given.some((moment) => comes(moment)) || stream.destroyed) return;

  stream.on('wantTrailers', () => stream.sendTrailers(withoutPseudo(trailers)));
  stream.respond(answered, { waitForTrailers: answered['grpc-status'] === undefined });
  stream.end(answer);
}

const withoutPseudo = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));

function bodyOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const end of ['end', 'close']) stream.once(end, () => resolve(Buffer.concat(chunks)));
  });
}

/** gRPC's frame: whether it is compressed, the length, the message. */
const FRAME = 5;
const isWhole = (body: Buffer): boolean => body.length >= FRAME && body.length === FRAME + body.readUInt32BE(1);
function messageIn(body: Buffer): Buffer {
  const message = body.subarray(FRAME);
  return body[0] === 1 ? gunzipSync(message) : message;
}
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const ACTIVITY_ANSWERS: Record<string, { decode(message: Uint8Array): { taskToken: Uint8Array } }> = {
  RespondActivityTaskCompleted: RespondActivityTaskCompletedRequest,
  RespondActivityTaskFailed: RespondActivityTaskFailedRequest,
  RespondActivityTaskCanceled: RespondActivityTaskCanceledRequest,
};

/** Names the moments so that they are the same in each run: by workflow, and by what the task is. */
class Moments {
  private readonly tasks = new Map<string, string>();
  private readonly accepted = new Map<string, number>();

  /** @returns what the message is before and after the server has it, and the message as it is passed on */
  asked(method: string, body: Buffer): { before?: string; after?: string; body: Buffer } {
    if (method === 'RespondWorkflowTaskCompleted') {
      const request = RespondWorkflowTaskCompletedRequest.decode(messageIn(body));
      hurry(request);
      const workflow = this.tasks.get(idOf(request.taskToken)) ?? '?';
      const task = this.taskOf(workflow);
      return {
        before: `${task} decided`,
        after: `${task} accepted`,
        body: framed(RespondWorkflowTaskCompletedRequest.encode(request).finish()),
      };
    }
    const answer = ACTIVITY_ANSWERS[method];
    if (answer) {
      const { taskToken } = answer.decode(messageIn(body));
      const activity = this.tasks.get(idOf(taskToken)) ?? '?';
      return { before: `${activity} done`, after: `${activity} reported`, body };
    }
    return { body };
  }

  /** @returns the moments at which the worker is about to be given what the answer holds */
  answered(method: string, body: Buffer): string[] {
    if (method === 'PollWorkflowTaskQueue') return this.given(PollWorkflowTaskQueueResponse.decode(messageIn(body)));
    if (method === 'PollActivityTaskQueue') {
      return this.givenActivity(PollActivityTaskQueueResponse.decode(messageIn(body)));
    }
    if (method !== 'RespondWorkflowTaskCompleted') return [];
    const { workflowTask, activityTasks } = RespondWorkflowTaskCompletedResponse.decode(messageIn(body));
    return [
      ...(workflowTask ? this.given(workflowTask) : []),
      ...(activityTasks ?? []).flatMap((task) => this.givenActivity(task)),
    ];
  }

  private given(task: proto.temporal.api.workflowservice.v1.IPollWorkflowTaskQueueResponse): string[] {
    if (!task.taskToken?.length || task.query) return [];
    const workflow = shortName(task.workflowExecution?.workflowId);
    this.tasks.set(idOf(task.taskToken), workflow);
    return [`${this.taskOf(workflow)} given`];
  }

  private givenActivity(task: proto.temporal.api.workflowservice.v1.IPollActivityTaskQueueResponse): string[] {
    if (!task.taskToken?.length) return [];
    const name = `${shortName(task.workflowExecution?.workflowId)}: ${task.activityType?.name} ${task.activityId}`;
    this.tasks.set(idOf(task.taskToken), name);
    return [`${name} given`];
  }

  /** Tasks are counted by those that the server has taken: one that is made again is the same. */
  private taskOf(workflow: string): string {
    return `${workflow}: task ${(this.accepted.get(workflow) ?? 0) + 1}`;
  }

  /** @param moment that has come to pass */
  count(moment: string): void {
    const [, workflow] = /^(.+): task \d+ accepted$/.exec(moment) ?? [];
    if (workflow !== undefined) this.accepted.set(workflow, (this.accepted.get(workflow) ?? 0) + 1);
  }
}

const idOf = (token: Uint8Array | null | undefined): string => Buffer.from(token ?? []).toString('base64');
const shortName = (workflowId: string | null | undefined): string => workflowId?.split('/').at(-1) ?? '?';

/** Makes short what the server waits for a worker that is dead. */
function hurry(request: proto.temporal.api.workflowservice.v1.IRespondWorkflowTaskCompletedRequest): void {
  if (request.stickyAttributes) request.stickyAttributes.scheduleToStartTimeout = seconds(NOTICED.sticky);
  for (const { scheduleActivityTaskCommandAttributes: activity, ...others } of request.commands ?? []) {
    if (activity) {
      const { heartbeatTimeout } = activity;
      if (Number(heartbeatTimeout?.seconds ?? 0) > 0) activity.heartbeatTimeout = seconds(NOTICED.heartbeat);
      else activity.startToCloseTimeout = seconds(NOTICED.withoutHeartbeat);
    }
    const child = (others as Attributes).startChildWorkflowExecutionCommandAttributes;
    if (child) child.workflowTaskTimeout = seconds(NOTICED.workflowTask);
  }
}

// The types know 64 bits only as Long; a number is written as well.
const seconds = (count: number) => proto.google.protobuf.Duration.create({ seconds: count as never });
