import { playsAsItSays } from './scenarios.js';

playsAsItSays('scenarios/minimal', 'plans/minimal.yaml');
playsAsItSays('scenarios/web-and-database', 'plans/web-and-database.yaml');
playsAsItSays('scenarios/kubernetes', 'plans/kubernetes.yaml');
