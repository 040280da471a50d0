/** The forge: where it is, and by whose word it is told. */
import type { Forge } from '../../contract/plan/forge.js';
import { receiverUrl } from '../core/hosts.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import type { AuthoredForge } from './schema.js';

type Resolution = ResolutionOf<MachineMaps & { forge?: AuthoredForge }>;

/** None on a machine on which its host is empty: nothing is told there. */
export function resolveForge(resolution: Resolution): Forge | undefined {
  const { forge } = resolution.sections;
  if (forge === undefined) return undefined;
  const { host, repository, environment } = forge;
  const token = resolution.secret(forge.token, ['forge', 'token']);
  const own = host === undefined ? undefined : receiverUrl(resolution, { name: host, path: ['forge', 'host'] });
  if (host !== undefined && own === undefined) return undefined;
  const common = { token, environment };
  switch (forge.kind) {
    case 'github': {
      const [owner = '', name = ''] = repository.split('/');
      return { kind: 'github', api: base(own ?? 'https://api.github.com'), ...common, owner, repository: name };
    }
    case 'gitlab':
      return { kind: 'gitlab', api: `${base(own ?? 'https://gitlab.com')}/api/v4`, ...common, project: repository };
  }
}

const base = (url: string): string => url.replace(/\/+$/, '');
