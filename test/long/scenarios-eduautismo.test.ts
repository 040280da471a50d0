import { playsAsItSays } from './scenarios.js';

playsAsItSays('scenarios/eduautismo', 'plans/eduautismo-performance.yaml');
