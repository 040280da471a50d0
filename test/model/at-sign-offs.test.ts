import { lawsHold } from './properties.js';
import { atSignOffs } from './scenario.js';

lawsHold('sign-offs of all kinds, of a release that moves', atSignOffs, [
  'deployed',
  'approve',
  'move-target',
  'refused',
]);
