/** What is run, and where. */

/** A command as an argument list; `{environment}`, `{version}`, `{commit}`, `{url}`, `{seconds}`, `{revision}` are filled in. */
export interface Command {
  run: string[];
  /** On the machine of the worker, or on the environment's server. */
  on: 'worker' | 'server';
  /** The folder it runs in. */
  folder: string;
  /** Longest time it may take. */
  timeout: number;
}

export interface Commands {
  deploy: Command;
  waitForHealth?: Command;
  logs?: Command;
  restartService?: Command;
  restartWorkers?: Command;
  maintenanceOn?: Command;
  maintenanceOff?: Command;
  databaseMonitor?: Command;
  metricsReport?: Command;
}
