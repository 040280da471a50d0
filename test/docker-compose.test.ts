import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../src/contract/names.js';

/** No Docker engine runs in the tests: the files are held against each other and against the code. */
const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Service {
  image?: string;
  build?: string;
  restart?: string;
  profiles?: string[];
  env_file?: { path: string; required: boolean }[];
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number; start_period: string };
  ports?: string[];
  volumes?: string[];
  tmpfs?: string[];
  networks?: string[];
  cap_drop?: string[];
  security_opt?: string[];
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean } | null>;
};
const services = Object.entries(compose.services);
const service = (name: string): Service => {
  const found = compose.services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};
const dockerfile = read('Dockerfile');
const instructions = dockerfile
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line));
const last = (name: string) => instructions.findLast((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  bin: { surefoot: string };
  engines: { node: string };
};
const clientSource = readdirSync(join(root, 'src/client'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => read(join('src/client', file)))
  .join('\n');

/** Jobs run to their end; everything else is a service that must say how it is. */
const jobs = services.flatMap(([, { depends_on: needs = {} }]) =>
  Object.entries(needs).flatMap(([name, { condition }]) =>
    condition === 'service_completed_successfully' ? [name] : [],
  ),
);

describe('docker-compose.yml', () => {
  test.each(services)('%s has a health check, or is a job that another service waits for', (name, each) => {
    if (jobs.includes(name)) {
      expect(each.restart).toMatch(/^on-failure/);
    } else {
      expect(each.healthcheck?.test[0]).toMatch(/^CMD/);
      expect(each.healthcheck?.retries).toBeGreaterThan(0);
      expect(each.healthcheck).toMatchObject({ interval: expect.any(String), timeout: expect.any(String) });
      expect(each.restart).toBe('unless-stopped');
    }
  });

  test.each(services)('%s waits only for what can come true', (_, each) => {
    for (const [name, { condition }] of Object.entries(each.depends_on ?? {})) {
      expect(condition).toBe(jobs.includes(name) ? 'service_completed_successfully' : 'service_healthy');
      expect(compose.services).toHaveProperty([name]);
    }
  });

  test.each(services)('%s has an image of one exact version', (_, each) => {
    expect(each.image).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
  });

  test.each(services)('%s has no more rights than it needs', (_, each) => {
    expect(each.cap_drop).toEqual(['ALL']);
    expect(each.security_opt).toContain('no-new-privileges:true');
    expect(each).not.toHaveProperty('privileged');
  });

  test.each(services)('%s opens no port beyond this machine', (_, each) => {
    for (const port of each.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\$\{\w+:-(\d+)\}:\1$/);
  });

  test.each(services)('%s holds no password: it comes from .env, and has no default', (_, each) => {
    for (const [name, value] of Object.entries(each.environment ?? {})) {
      if (name === 'SUREFOOT_PAYLOAD_KEYS') expect(value).toBe('compose=env:PAYLOAD_KEY');
      else if (name === 'PAYLOAD_KEY') expect(value).toBe(`\${PAYLOAD_KEY:?set it in .env}`);
      else if (/PASSWORD|PWD|SECRET|TOKEN|KEY/.test(name)) expect(value).toBe(`\${POSTGRES_PASSWORD:?set it in .env}`);
    }
  });

  test.each(services)('%s mounts what exists', (_, each) => {
    for (const volume of each.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('./')) expect(statSync(join(root, source)).isFile()).toBe(true);
      else expect(compose.volumes).toHaveProperty([source]);
    }
    for (const network of each.networks ?? []) expect(compose.networks).toHaveProperty([network]);
  });

  test('every variable that must be set is in .env.example, empty, and the optional ones have its defaults', () => {
    const example = read('.env.example');
    const text = read('docker-compose.yml');
    for (const [, name] of text.matchAll(/\$\{(\w+):\?/g)) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
    for (const [, name, value] of text.matchAll(/\$\{(\w+):-([^}]*)\}/g))
      expect(example).toContain(`# ${name}=${value}`);
  });

  test('server and tools are of one version, the one that tests and sandbox run', () => {
    const version = (name: string) => service(name).image?.split(':')[1];
    expect(version('temporal')).toBe('1.32.0');
    expect(version('temporal-schema')).toBe(version('temporal'));
    expect(version('temporal-namespace')).toBe(version('temporal'));
    expect(version('temporal-ui')).toBe('2.54.1');
    expect(service('worker').image).toBe(`surefoot-worker:${manifest.version}`);
  });

  test('server, schema job and database agree', () => {
    const database = service('postgresql').environment;
    const schema = service('temporal-schema').environment;
    const server = service('temporal').environment;
    expect(schema).toMatchObject({
      SQL_PLUGIN: server?.DB,
      SQL_PORT: server?.DB_PORT,
      SQL_HOST: server?.POSTGRES_SEEDS,
    });
    expect(schema?.SQL_USER).toBe(database?.POSTGRES_USER);
    expect(server?.POSTGRES_USER).toBe(database?.POSTGRES_USER);
    expect(compose.services).toHaveProperty([server?.POSTGRES_SEEDS ?? '']);
    const script = read('docker/temporal-schema.sh');
    for (const name of [server?.DBNAME, server?.VISIBILITY_DBNAME])
      expect(script).toMatch(new RegExp(`in .*\\b${name}\\b`));
    expect(compose.networks.database).toEqual({ internal: true });
  });

  test('everyone speaks to the same server and namespace', () => {
    for (const name of ['temporal-namespace', 'temporal-ui', 'worker', 'watchdog']) {
      expect(service(name).environment?.TEMPORAL_ADDRESS).toBe('temporal:7233');
    }
    const namespace = service('worker').environment?.TEMPORAL_NAMESPACE;
    expect(service('temporal-namespace').environment?.TEMPORAL_NAMESPACE).toBe(namespace);
    expect(service('temporal-ui').environment?.TEMPORAL_DEFAULT_NAMESPACE).toBe(namespace);
    expect(service('temporal').ports?.[0]).toMatch(/:7233$/);
  });

  test('nobody reaches the Web UI but through a sign-on, and neither is there unless asked for', () => {
    const [ui, signOn] = [service('temporal-ui'), service('sign-on')];
    expect(ui.ports).toBeUndefined();
    expect(signOn.environment?.OAUTH2_PROXY_UPSTREAMS).toBe('http://temporal-ui:8080/');
    expect(signOn.environment?.OAUTH2_PROXY_HTTP_ADDRESS).toBe('0.0.0.0:8080');
    expect(signOn.environment?.OAUTH2_PROXY_CODE_CHALLENGE_METHOD).toBe('S256');
    expect([ui.profiles, signOn.profiles]).toEqual([['web-ui'], ['web-ui']]);
    // No way around it for the other containers that go out, and no path that it lets through unasked.
    expect(services.filter(([, { networks }]) => networks?.includes('web-ui')).map(([name]) => name)).toEqual([
      'temporal-ui',
      'sign-on',
    ]);
    expect(compose.networks['web-ui']).toEqual({ internal: true });
    const names = Object.keys(signOn.environment ?? {}).concat(read('.env.sign-on.example').split('\n'));
    expect(names.filter((name) => /^OAUTH2_PROXY_SKIP_AUTH|^OAUTH2_PROXY_API_ROUTES|TRUSTED_IPS/.test(name))).toEqual(
      [],
    );
    for (const name of ['OIDC_ISSUER_URL', 'CLIENT_ID', 'CLIENT_SECRET', 'COOKIE_SECRET', 'EMAIL_DOMAINS'])
      expect(read('.env.sign-on.example')).toMatch(new RegExp(`^OAUTH2_PROXY_${name}=$`, 'm'));
    expect(signOn.env_file).toEqual([{ path: '.env.sign-on', required: false }]);
    expect(read('.gitignore').split('\n')).toContain('.env.sign-on');
  });

  test('what is not encrypted starts nothing: worker and watchdog have a key, and the HTTP API answers under no name', () => {
    for (const name of ['worker', 'watchdog'])
      expect(service(name).environment?.SUREFOOT_PAYLOAD_KEYS).toBe('compose=env:PAYLOAD_KEY');
    const { 'frontend.httpAllowedHosts': hosts } = parse(read('docker/dynamicconfig.yaml')) as Record<string, unknown>;
    expect(hosts).toEqual([{ value: ['nobody.invalid'] }]);
  });

  test('the watchdog is the same program beside the worker, without its state, and has a health check of its own', () => {
    const [worker, watchdog] = [service('worker'), service('watchdog')];
    expect(watchdog).toMatchObject({ image: worker.image, build: worker.build, networks: worker.networks });
    expect(watchdog.command).toEqual(['worker', '--watchdog']);
    expect(clientSource).toContain("'--watchdog'");
    expect(watchdog.volumes).toBeUndefined();
    expect(watchdog.healthcheck).toEqual({
      ...worker.healthcheck,
      test: [...(worker.healthcheck?.test ?? []), '--watchdog'],
    });
    expect(read('docker/worker-health.js')).toContain("'--watchdog'");
  });

  test('the namespace job creates exactly the search attributes of the contract', () => {
    const script = read('docker/temporal-namespace.sh');
    const names = /^for name in (.*); do$/m.exec(script)?.[1]?.split(' ');
    expect(names?.toSorted()).toEqual(Object.keys(SEARCH_ATTRIBUTES).toSorted());
    expect(new Set(Object.values(SEARCH_ATTRIBUTES))).toEqual(new Set([/--type (\w+)/.exec(script)?.[1]]));
  });
});

describe('Dockerfile', () => {
  test('both stages start from one Debian image of an exact version that the project supports', () => {
    const bases = instructions.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? []);
    expect(bases).toHaveLength(2);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:22\.\d+\.\d+-bookworm-slim$/);
    expect(manifest.engines.node).toBe('>=20.19');
  });

  test('the worker is not root, and its folder is its own', () => {
    expect(last('USER')).toBe('node');
    const state = /SUREFOOT_STATE=(\S+)/.exec(dockerfile)?.[1];
    expect(last('VOLUME')).toBe(state);
    expect(dockerfile).toMatch(new RegExp(`install -d -o node -g node -m 0700 ${state}`));
    expect(service('worker').volumes).toContain(`surefoot-state:${state}`);
    expect(service('worker').environment?.SUREFOOT_STATE).toBe(state);
  });

  test('a container that is made anew is the same runner: nothing lies over its volume, and the worker looks there', () => {
    const { command = [], volumes = [], tmpfs = [] } = service('worker');
    const state = command[command.indexOf('--state') + 1] ?? '';
    const [[volume = ''] = []] = volumes.map((each) => each.split(':')).filter(([, place]) => place === state);
    // A volume of the project, with a name: `docker compose up --force-recreate` brings it back.
    expect(compose.volumes).toHaveProperty([volume], null);
    for (const place of [...tmpfs, ...volumes.map((each) => each.split(':')[1] ?? '').filter((each) => each !== state)])
      expect(`${state}/runner.json`.startsWith(`${place}/`)).toBe(false);
    const others = services.filter(
      ([name, each]) => name !== 'worker' && each.volumes?.some((one) => one.startsWith(`${volume}:`)),
    );
    expect(others).toEqual([]);
  });

  test('it starts what package.json ships, with a command and options that the CLI has', () => {
    expect(JSON.parse(last('ENTRYPOINT') ?? '')).toContain(manifest.bin.surefoot);
    const [command, ...options] = JSON.parse(last('CMD') ?? '') as string[];
    expect(service('worker').command).toEqual([command, ...options]);
    expect(clientSource).toMatch(new RegExp(`['"\`]${command}['" \`]`));
    for (const option of options.filter((each) => each.startsWith('--'))) expect(clientSource).toContain(`${option} <`);
  });

  test('what it copies exists and is let through by .dockerignore', () => {
    const allowed = read('.dockerignore')
      .match(/^!.*/gm)
      ?.map((line) => line.slice(1));
    const copied = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    for (const path of copied) {
      expect(statSync(join(root, path))).toBeDefined();
      expect(allowed).toContain(path);
    }
  });

  test('the health check is the one of docker-compose.yml', () => {
    const check = JSON.parse(/CMD (\[.*\])$/.exec(last('HEALTHCHECK') ?? '')?.[1] ?? '') as string[];
    expect(service('worker').healthcheck?.test).toEqual(['CMD', ...check]);
  });

  test('it has the tools that steps run', () => {
    for (const tool of ['git', 'openssh-client', 'postgresql-client'])
      expect(dockerfile).toMatch(new RegExp(` ${tool} `));
  });
});
