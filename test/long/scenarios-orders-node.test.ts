import { playsAsItSays } from './scenarios.js';

playsAsItSays('scenarios/orders-node', 'plans/orders-node.yaml');
