import { lawsHold } from './properties.js';
import { inProduction } from './scenario.js';

lawsHold('breaches and decisions while production changes', inProduction, [
  ...['deployed', 'breach', 'rolled-back', 'lose-runner', 'asked: runner-not-served'],
]);
