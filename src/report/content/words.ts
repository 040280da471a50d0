/** The words of a filled-in checklist, in the team's language. */
import type { ItemState } from '../../domain/items.js';
import type { Outcome } from '../../domain/ledger/ledger.js';

export interface Words {
  states: Record<ItemState, string>;
  outcomes: Record<Outcome, string>;
  running: string;
  ended: string;
  by: string;
  as: string;
  seen: string;
  noEvidence: string;
  notSigned: string;
  inProgress: string;
  outcome: string;
  items: string;
  rollback: (text: { option: string; took: string; estimate: string }) => string;
  rollbackStates: { under: string; done: string; failed: string };
  exceptions: string;
  overridden: string;
  untold: string;
  unkept: string;
  none: string;
  source: Record<'result' | 'query' | 'history', string>;
  made: string;
  /** Labels of lines to be filled in, in lower case. */
  labels: { name: string[]; date: string[]; time: string[]; notes: string[] };
  contact: { name: string[] };
}

const ENGLISH: Words = {
  states: {
    passed: 'passed',
    failed: 'FAILED',
    unknown: 'unknown',
    attested: 'attested',
    skipped: 'skipped',
    notApplicable: 'not applicable',
  },
  outcomes: {
    succeeded: 'succeeded',
    'rolled-back': 'rolled back',
    'rollback-failed': 'ROLLBACK FAILED',
    rejected: 'rejected',
    aborted: 'aborted',
  },
  running: 'in progress',
  ended: 'ended from outside',
  by: 'by',
  as: 'as',
  seen: 'evidence',
  noEvidence: 'no evidence',
  notSigned: '(not signed off)',
  inProgress: '(in progress)',
  outcome: 'Outcome',
  items: 'Items',
  rollback: ({ option, took, estimate }) => `Rollback (${option}): took ${took}, estimate ${estimate}`,
  rollbackStates: { under: 'under way', done: 'done, proven on production', failed: 'FAILED' },
  exceptions: 'Gone on without',
  overridden: 'Windows overridden',
  untold: 'Could not be announced',
  unkept: 'Could not be kept',
  none: 'none',
  source: {
    result: 'from the result of the workflow',
    query: 'from a worker that read the history',
    history: 'from the history, by the workflow itself',
  },
  made: 'Filled in by Surefoot',
  labels: { name: ['name'], date: ['date'], time: ['time'], notes: ['notes'] },
  contact: { name: ['name'] },
};

const PORTUGUESE: Words = {
  states: {
    passed: 'passou',
    failed: 'FALHOU',
    unknown: 'desconhecido',
    attested: 'atestado',
    skipped: 'pulado',
    notApplicable: 'não se aplica',
  },
  outcomes: {
    succeeded: 'concluído com sucesso',
    'rolled-back': 'revertido (rollback)',
    'rollback-failed': 'ROLLBACK FALHOU',
    rejected: 'rejeitado',
    aborted: 'interrompido',
  },
  running: 'em andamento',
  ended: 'encerrado por fora',
  by: 'por',
  as: 'como',
  seen: 'evidência',
  noEvidence: 'sem evidência',
  notSigned: '(sem aprovação)',
  inProgress: '(em andamento)',
  outcome: 'Resultado',
  items: 'Itens',
  rollback: ({ option, took, estimate }) => `Rollback (${option}): levou ${took}, estimativa ${estimate}`,
  rollbackStates: { under: 'em andamento', done: 'concluído, comprovado em produção', failed: 'FALHOU' },
  exceptions: 'Seguiu-se sem',
  overridden: 'Fora de janela',
  untold: 'Não comunicado',
  unkept: 'Não guardado',
  none: 'nenhum',
  source: {
    result: 'a partir do resultado do workflow',
    query: 'a partir de um worker que leu o histórico',
    history: 'a partir do histórico, pelo próprio workflow',
  },
  made: 'Preenchido por Surefoot',
  labels: { name: ['nome'], date: ['data'], time: ['hora'], notes: ['notas', 'observações'] },
  contact: { name: ['nome'] },
};

/** @param language a tag as `pt-BR`; English when nobody has written the words of that language yet */
export const wordsOf = (language: string): Words => (/^pt(-|$)/i.test(language) ? PORTUGUESE : ENGLISH);
