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
  const { kind, host, repository, environment } = forge;
  const token = resolution.secret(forge.token, ['forge', 'token']);
  const url = (otherwise: string) =>
    host === undefined ? otherwise : receiverUrl(resolution, { name: host, path: ['forge', 'host'] });
  if (kind === 'github') {
    const api = url('https://api.github.com');
    const [owner = '', name = ''] = repository.split('/');
    return api === undefined ? undefined : { kind, api: base(api), token, owner, repository: name, environment };
  }
  const gitlab = url('https://gitlab.com');
  if (gitlab === undefined) return undefined;
  return { kind, api: `${base(gitlab)}/api/v4`, token, project: repository, environment };
}

const base = (url: string): string => url.replace(/\/+$/, '');
