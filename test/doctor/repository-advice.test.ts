import { expect, test } from 'vitest';
import { repositoryAdvice } from '../../src/doctor/checks/proofs.js';

const release = { repository: '/code', branch: 'main', target: 'v2' };

test('a main branch that has gone on since the release is answered with the option for a release of it alone', () => {
  expect(repositoryAdvice('merged', release)).toContain('say --branch v2');
  expect(repositoryAdvice('merged', { ...release, branch: 'v2' })).not.toContain('--branch');
  expect(repositoryAdvice('previous', release)).toBe('Fetch /code and merge, tag or push what is missing.');
});
