/** What a worker asks answers what it likes, at any length and for ever: that ends no look later than it may, nor the worker. */
import { createServer, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openBackupStore } from '../../src/adapters/backup/open-backup-store.js';
import { NoAnswer, request } from '../../src/adapters/http/http.js';
import { ScrapeReader } from '../../src/adapters/metrics/prometheus/scrape.js';
import { withDatabase } from '../../src/adapters/postgres/postgres.js';
import { serve } from '../helpers/server.js';

/** Who sends anything there gets this answer, byte by byte. */
async function answering(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

/** Writes the same again and again, until nobody listens any more. */
function endlessly(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const PIECE = 'x'.repeat(60_000);
const SPACES = `HTTP/1.1 503${' '.repeat(60_000)}`;

describe('a server that answers', () => {
  test('503 and 60,000 spaces is told in some words', async () => {
    const url = await answering((socket) => socket.end(`${SPACES}no\r\ncontent-length: 0\r\n\r\n`));
    const { status, statusText } = await request({ url, timeout: 5_000 });
    expect(status).toBe(503);
    expect(statusText.length).toBeLessThanOrEqual(100);
  });

  test.each([
    ['a body without end', 'HTTP/1.1 200 OK\r\n\r\n', PIECE, 'answer too large'],
    ['headers without end', 'HTTP/1.1 200 OK\r\n', `a: ${'x'.repeat(1_000)}\r\n`, 'answer with too large headers'],
    ['one header without end', 'HTTP/1.1 200 OK\r\na: ', PIECE, 'answer with too large headers'],
  ])('%s is not listened to for longer than it takes to know', async (_, head, piece, message) => {
    const url = await answering((socket) => endlessly(socket, head, piece));
    await expect(request({ url, timeout: 20_000 })).rejects.toMatchObject({ message });
  });

  test.each([
    ['a status line without end', 'HTTP/1.1 200 ', PIECE],
    ['a body that never ends nor goes on', 'HTTP/1.1 200 OK\r\n\r\nwell', ''],
  ])('%s is given up in time', async (_, head, piece) => {
    const url = await answering((socket) => (piece === '' ? socket.write(head) : endlessly(socket, head, piece)));
    const failure = await request({ url, timeout: 1_000 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NoAnswer);
  });
});

describe('a metrics page', () => {
  const context = { clock: 'real' as const, signal: new AbortController().signal };
  const gauge = (url: string) => ({
    source: { kind: 'scrape' as const, url, window: 60_000, read: { gauge: { name: 'queue' } } },
    unit: '',
  });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const inUse = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };

  test('of 16 MB is not read, and leaves nothing in memory', async () => {
    const line = `other{path="${'x'.repeat(200)}"} 1\n`;
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(`queue 1\n${line.repeat(Math.ceil(16_000_000 / line.length))}`);
    });
    const reader = new ScrapeReader(5_000);
    const before = inUse();
    for (let look = 0; look < 5; look += 1) {
      await expect(reader.read(gauge(server.url), context)).rejects.toThrow('answer too large');
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    expect(inUse() - before).toBeLessThan(10_000_000);
  });

  test('of nearly 2 MB leaves in memory what is asked for, and nothing else', async () => {
    let look = 0;
    const server = await serve((_, response) => {
      look += 1;
      const others = Array.from(
        { length: 9_000 },
        (_, index) => `other_${look}{path="${'x'.repeat(180)}${index}"} 1\n`,
      );
      response.end(`${others.join('')}queue{of="${'mail'.repeat(10)}"} ${look}\n`);
    });
    const reader = new ScrapeReader(5_000);
    const read = async () => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return reader.read(gauge(server.url), context);
    };
    expect(await read()).toEqual({ value: 1 });
    const before = inUse();
    for (let again = 2; again <= 11; again += 1) expect(await read()).toEqual({ value: again });
    expect(inUse() - before).toBeLessThan(5_000_000);
  });

  test('whose series are others each time is an error in the end, and not remembered for ever', async () => {
    let look = 0;
    const server = await serve((_, response) => {
      look += 1;
      response.end(Array.from({ length: 9_000 }, (_, index) => `jobs_total{id="${look}-${index}"} 1\n`).join(''));
    });
    const reader = new ScrapeReader(5_000);
    const read = { rate: { name: 'jobs_total' } } as never;
    const counter = { source: { ...gauge(server.url).source, read }, unit: '' };
    const looks = async () => {
      for (let again = 0; again < 4; again += 1) {
        await reader.read(counter, context);
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
    };
    await expect(looks()).rejects.toThrow('a counter has had more than 20000 series');
  });
});

describe('a store for dumps that answers', () => {
  const KEYS = ['SUREFOOT_HOSTILE_KEY', 'SUREFOOT_HOSTILE_SECRET'];
  const openAt = async (endpoint: string) => {
    for (const key of KEYS) vi.stubEnv(key, 'a-key-of-no-use');
    onTestFinished(() => void vi.unstubAllEnvs());
    const [accessKeyId, secretAccessKey] = KEYS.map((key) => `env:${key}`) as [`env:${string}`, `env:${string}`];
    return openBackupStore(
      {
        ...{ kind: 's3', bucket: 'dumps', prefix: 'p', encryption: 'AES256', setLifecycle: false },
        place: { region: 'sa-east-1', endpoint, credentials: { accessKeyId, secretAccessKey } },
      } as Parameters<typeof openBackupStore>[0],
      { service: 'shop', environment: 'production', retention: 86_400_000, signal: new AbortController().signal },
    );
  };

  test('pages of a list without end is not asked for ever', async () => {
    const server = await serve((_, response) => {
      const token = `<NextContinuationToken>${server.requests.length}</NextContinuationToken>`;
      response.end(
        `<?xml version="1.0"?><ListBucketResult><Name>dumps</Name><IsTruncated>true</IsTruncated>${token}</ListBucketResult>`,
      );
    });
    await expect((await openAt(server.url)).list()).rejects.toThrow('the list of dumps has no end after 20 pages');
    expect(server.requests.length).toBe(21);
  });

  test('a page of a list without end is not read to it', async () => {
    const url = await answering((socket) =>
      endlessly(socket, 'HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\n\r\n<ListBucketResult>', PIECE),
    );
    await expect((await openAt(url)).list()).rejects.toThrow('the answer is too large');
  });

  test('a failure without end is not read to it either', async () => {
    const url = await answering((socket) => endlessly(socket, 'HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>', PIECE));
    await expect((await openAt(url)).list()).rejects.toThrow('could not list dumps (s3:ListBucket): not allowed');
  });
});

describe('a database that answers', () => {
  const message = (code: string, body: Buffer | string, length = Buffer.from(body).length) => {
    const head = Buffer.alloc(5);
    head.write(code);
    head.writeUInt32BE(length + 4, 1);
    return Buffer.concat([head, Buffer.from(body)]);
  };
  const READY = message('Z', 'I');
  const LET_IN = Buffer.concat([message('R', Buffer.alloc(4)), READY]);
  const DONE = Buffer.concat([message('C', 'BEGIN\0'), message('C', 'SET\0'), READY]);
  const GIGABYTE = 1_000_000_000;
  const EMPTY_ROW = message('D', Buffer.alloc(2));

  /** Lets everybody in, begins what is to be begun, and answers the first question so. */
  async function database(answer: (socket: Socket) => void, letIn: Buffer | undefined = LET_IN) {
    let connection: Socket | undefined;
    let taken = 0;
    const server = createServer((socket) => {
      connection = socket;
      socket
        .on('error', () => undefined)
        .on('data', () => {
          taken += 1;
          if (letIn === undefined || taken === 3) answer(socket);
          else socket.write(taken === 1 ? letIn : DONE);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      connection?.destroy();
      server.close();
    });
    const { port } = server.address() as { port: number };
    vi.stubEnv('SUREFOOT_TEST_HOSTILE', 'correct-horse');
    onTestFinished(() => void vi.unstubAllEnvs());
    const at = { host: '127.0.0.1', port, name: 'app', user: 'app', password: 'env:SUREFOOT_TEST_HOSTILE' };
    const asked = withDatabase({ ...at, tls: { mode: 'disable' } }, ({ query }) => query('select 1'), {
      limit: 15_000,
    });
    const failure = await asked.then(
      () => undefined,
      (error: { message: string; nonRetryable?: boolean }) => error,
    );
    return { failure, sent: connection?.bytesWritten ?? 0 };
  }
  const filling = (head: Buffer, piece: Buffer | string) => (socket: Socket) => {
    socket.write(head);
    endlessly(socket, '', piece.toString('latin1'));
  };

  test.each<[string, (socket: Socket) => void, Buffer?]>([
    ['one row of a gigabyte', filling(message('D', '', GIGABYTE), PIECE)],
    ['an error of a gigabyte', filling(message('E', 'M', GIGABYTE), PIECE)],
    ['rows without end', filling(Buffer.alloc(0), Buffer.alloc(7 * 8_000, EMPTY_ROW))],
    ['notices without end', filling(Buffer.alloc(0), message('N', `M${'x'.repeat(1_000)}\0\0`))],
  ])('%s is not read to its end, and leaves nothing in memory', async (_, answer) => {
    const before = process.memoryUsage().rss;
    const { failure, sent } = await database(answer);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^Database app on 127.*: the answer is larger than 8 MB or 100000 rows/),
      nonRetryable: true,
    });
    // What was on its way when enough was known, and no more.
    expect(sent).toBeLessThan(40_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });

  test('before anybody is let in is heard no longer', async () => {
    const { failure } = await database(filling(message('R', '', GIGABYTE), PIECE), undefined);
    expect(failure?.message).toContain('the answer is larger than');
  });

  test('an error of a megabyte is told in some words, and what came before it counts no more', async () => {
    const fields = `SERROR\0C42P01\0M${'no such table '.repeat(80_000)}\0\0`;
    const notices = message('N', `M${'x'.repeat(7_500_000)}\0\0`);
    const { failure } = await database(
      (socket) => socket.write(Buffer.concat([message('E', fields), READY])),
      Buffer.concat([message('R', Buffer.alloc(4)), notices, READY]),
    );
    expect(failure?.message).toContain('no such table');
    expect(failure?.message.length).toBeLessThan(2_100);
  });
});
