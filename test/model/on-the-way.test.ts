import { lawsHold } from './properties.js';
import { onTheWay } from './scenario.js';

lawsHold('anything from the start on', onTheWay, ['deployed', 'refused', 'succeeded', 'rolled-back', 'aborted']);
