import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { withQuestions } from '../../../src/client/terminal/questions.js';

function terminal(...lines: string[]): { input: PassThrough; output: PassThrough } {
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.end(lines.map((line) => `${line}\n`).join(''));
  return { input, output };
}

test('an empty answer stands for what is said with the question, and lines that come early are not lost', async () => {
  const streams = terminal('orders', '', ' /up ');
  const answers = await withQuestions(streams, async (ask) => [
    await ask('Service?', 'shop'),
    await ask('Production?', 'https://shop.example.com'),
    await ask('Health?', '/health'),
  ]);
  expect(answers).toEqual(['orders', 'https://shop.example.com', '/up']);
  expect(String(streams.output.read())).toContain('Production?');
});

test('a terminal that ends before everything is answered is told, and nobody waits for it', async () => {
  const asking = withQuestions(terminal('orders'), async (ask) => [await ask('One?', 'a'), await ask('Two?', 'b')]);
  await expect(asking).rejects.toMatchObject({ message: 'it ended before everything was answered', exitCode: 2 });
});
