/** What somebody has to know who decides: what is asked, and the evidence for it. Pure. */
import type { Matter } from '../../domain/decisions/matters.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { rounded } from '../../domain/rounded.js';

/** Files that are listed; the report has them all. */
const EVIDENCE_SHOWN = 20;

export function matterText(ledger: Ledger, { title, subject, question }: Matter): string {
  const { deployment, release, proposal, approvals, eligibility, monitors, production } = ledger;
  const isSignOff = question?.kind === 'approvals';
  const steps = ledger.steps.filter(({ id }) => isSignOff || id === subject);
  const evidence = (steps.length > 0 ? steps : ledger.steps).flatMap((step) => step.evidence);
  const watched = monitors.at(-1);
  const hasChanged = production.codeDeployed || production.migrated;
  const sections: string[][] = [
    [title, `  ${deployment}, ${release.previous} → ${release.target}, in ${ledger.phase}`],
    (question?.text ?? '').split('\n').filter(Boolean),
    isSignOff
      ? [`what is approved: ${proposal?.digest ?? 'unknown'}`, `  of commit ${proposal?.commit ?? 'unknown'}`]
      : [],
    approvals.map(({ role, who }) => `signed off: ${role} by ${who}`),
    [`production has ${hasChanged ? 'changed' : 'not been changed'}`, ...(eligibility?.reasons ?? [])],
    steps.flatMap(({ title: of, reason }) => (reason ? [`${of}: ${reason}`] : [])),
    watched
      ? watched.criteria.map(({ title: of, rule, verdict, worst }) => {
          return `${watched.title}: ${verdict}, ${of} (breach: ${rule}), worst ${worst === undefined ? 'unknown' : rounded(worst)}`;
        })
      : [],
    evidence.length === 0 ? ['evidence: none is kept for it'] : ['evidence, each with its sha256:'],
    evidence.slice(-EVIDENCE_SHOWN).map(({ path, sha256 }) => `  ${path}  ${sha256.slice(0, 12)}`),
    evidence.length > EVIDENCE_SHOWN
      ? [`  ${evidence.length - EVIDENCE_SHOWN} more are in its report: surefoot report ${deployment}`]
      : [],
  ];
  return ['', ...sections.flat()].join('\n');
}
