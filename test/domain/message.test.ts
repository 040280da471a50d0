import { describe, expect, test } from 'vitest';
import { innermostOf, messageOf } from '../../src/domain/message.js';

describe('what went wrong', () => {
  test('is what the outer failures only wrap', () => {
    const inner = new Error('no route to host');
    const wrapped = new Error('activity failed', { cause: new Error('task failed', { cause: inner }) });
    expect(innermostOf(wrapped)).toBe(inner);
    expect(messageOf(innermostOf(wrapped))).toBe('no route to host');
  });

  test('is told by a failure itself when its cause is no failure', () => {
    const failure = new Error('refused', { cause: 'a word' });
    expect(innermostOf(failure)).toBe(failure);
    expect(messageOf(innermostOf('a word'))).toBe('a word');
  });
});
