/**
 * What boxes say, in English and Portuguese, and the facts that settle exactly that. Patterns are held against plain words
 * (no capitals, no accents). What none fits, or only in part, is asked of a person: a question too many is put right by the
 * team, while a box that rests on the wrong fact is ticked for nothing.
 */
import type { SectionPlace } from './placed-boxes.js';

export interface WordRule {
  says: RegExp;
  /** Words with which it says something else. */
  not?: RegExp;
  /** What the box or the heading right above it must speak of. */
  about?: RegExp;
  /** Sections in which it means this; all but those of rollback when left out. */
  in?: SectionPlace[];
  environment?: 'staging' | 'production';
  /** `{environment}` and `{watch}` are those of the box; `STEP/*` are all facts of a step. */
  facts: string[];
}

/** Work of people, whatever it is about: to tell, to write, to plan, to agree. */
export const OF_PEOPLE =
  /notif|avisar|avise|announc|anunci|inform|communic|comunic|schedul|agend|docs?\b|document|changelog|\bnot(es?|as?)\b|dashboard|ticket|plano de|\bplan\b|\bplanned|\bwho\b|assign|on-?call|manual|\b(no|some|any|every)(body|one)\b|ninguem|alguem|people|pessoas/;

const MIGRATION = /migrat|migrac/;
const BACKUP = /backup|\bdump|snapshot/;
const DATABASE = /banco|database|\bdb\b|schema/;
const DEPLOYED: SectionPlace[] = ['staging', 'production'];
const WATCHED: SectionPlace[] = ['soak', 'watch'];
const BEFOREHAND: SectionPlace[] = ['prerequisites', 'staging', 'approval'];
/** The code of a change: reviewed, and approved by somebody; more than one is for people to count. */
const APPROVED_BY_MANY = /\b(two|three|[2-9]|dois|duas|tres)\b/;
const RAN = ['ran', 'heads', 'leftovers', 'schema'];
const of = (step: string, facts: string[]): string[] => facts.map((fact) => `${step}/${fact}`);

/** What parts a box into statements; each of them has to be settled. */
export const BETWEEN_CLAUSES = /, (?:and|e) |; /;

export const WORD_RULES: readonly WordRule[] = [
  // The change itself.
  {
    says: /\bmerged\b|\bmergead[oa]|\bmerge feito/,
    about: /\bmain\b|\bmaster\b|\bbranch|\bprs?\b|pull request/,
    in: ['prerequisites'],
    facts: ['prerequisites.repository/merged'],
  },
  {
    says: /\b(tag|tagged|tagueada)\b.*(creat|push|exist|criad)|(release|version|versao).*\btagged\b/,
    not: /image|docker|registry|previous|anterior/,
    facts: ['prerequisites.repository/target'],
  },
  {
    says: /(previous|versao anterior|release anterior).*(known|noted|available|exist|recorded|disponi|anotad|conhecid)/,
    not: /backup|compat|works|schema/,
    facts: ['prerequisites.repository/previous'],
  },
  {
    says: /code review|revisao de codigo|codigo revisado|(code|pr|change|pull request) (is |was |has been )?reviewed/,
    not: /security|seguranca|approv|aprova/,
    in: ['prerequisites'],
    facts: ['prerequisites.review/reviewed'],
  },
  {
    says: /(code|codigo|change).*(review|revisad).*(approv|aprovad)/,
    not: APPROVED_BY_MANY,
    in: ['prerequisites'],
    facts: of('prerequisites.review', ['reviewed', 'approved']),
  },
  {
    says: /(\bprs?\b|pull requests?).*(aprovad|approved)|(aprovad|approved).*(\bprs?\b|pull requests?)/,
    not: /\b(by|por|two|dois|duas|three|tres|\d+)\b/,
    in: ['prerequisites'],
    facts: ['prerequisites.review/approved'],
  },
  {
    says: /(\btests?|testes|\bci|checks)\b.*(pass|green|verde)/,
    not: /smoke|load|carga|e2e|end-to-end|functional|funciona|staging|penetration|performance|local(ly|mente)|basic/,
    in: ['prerequisites'],
    facts: ['prerequisites.review/tests'],
  },
  {
    says: /(credenciais|credentials).*(config|work|valid|funciona)/,
    not: /rotat|rotacion/,
    in: BEFOREHAND,
    facts: ['prerequisites.staging/credentials'],
  },

  // Backups.
  {
    says: /(backup|dump|snapshot).*(criad|feit|realizad|conclu|taken|created|done|made|complet|succe)|(take|create|make|criar|fazer|realizar) .*(backup|dump|snapshot)|back up .*(database|\bdb\b)/,
    not: /autom|restor|restaur|tamanho|\bsize|retenc|retention|armazen|stored|polic|config|nightly|daily|volume|\bfiles?\b/,
    facts: of('{environment}.backup', ['created', 'readable', 'contents', 'restored']),
  },
  { says: /tamanho|\bsize\b/, about: BACKUP, in: DEPLOYED, facts: ['{environment}.backup/size'] },
  {
    says: /armazenad|\bstored\b|off-?site/,
    about: BACKUP,
    in: ['prerequisites', ...DEPLOYED],
    facts: ['{environment}.backup/stored'],
  },
  {
    says: /retencao|retention|\bkept for\b/,
    about: BACKUP,
    in: ['prerequisites', ...DEPLOYED],
    facts: ['{environment}.backup/retention'],
  },
  {
    says: /restored|restaurad|\brestore (was |is |has been )?(test|tried|work)|(test|tried).*restore/,
    not: /procedure|procedimento|\bif\b|(em|on|in|to|into) (the )?(staging|homolog)/,
    about: BACKUP,
    facts: ['{environment}.backup/restored'],
  },

  // The deploy.
  {
    says: /deploy(ment|ed)?\b.*(conclui|conclu|complet|succe|sem erro|without error|finish)|\b(deployed|rolled out|implantad[oa])\b.*\b(to|em|on|in)\b|\bdeploy\b.*\b(to|em)\b (staging|production|producao|homolog)/,
    not: /window|janela|approved|aprovad|migrat|migrac|test|alert|\bmark|marcar|\brate\b|taxa|review|revis/,
    facts: ['{environment}.deploy/ran'],
  },
  {
    says: /health ?-?check|\/health|healthz|\/ready|health endpoint/,
    not: /restart|reinici|config|\bdown\b|version|versao/,
    in: ['prerequisites', ...DEPLOYED],
    facts: ['{environment}.health/status'],
  },
  {
    says: /(health ?-?check|\/health|healthz).*\b(right|new|correct|expected|nova|correta|esperada)? ?(version|versao)/,
    in: DEPLOYED,
    facts: of('{environment}.health', ['status', 'version']),
  },
  {
    says: /(aplicacao|application|\bapp\b|servico|service) .*(iniciou|started|is up\b|is running|no ar\b)/,
    not: /restart|reinici|\blogs?\b|worker|queue/,
    in: DEPLOYED,
    facts: of('{environment}.health', ['status', 'version']),
  },
  {
    says: /(reports?|shows?|answers with|mostra|responde com|running|em execucao).*\b(new|nova|correct|expected|esperada)? ?(version|versao)|\b(answers? with|serves|runs) the (new |correct |expected )?release\b|staging.*(atualizad|up to date)/,
    not: /banco|database|schema|\bdb\b|migra|\bapi docs|merged|package|\bnode\b|postgres/,
    facts: ['{environment}.health/version'],
  },
  {
    says: /\blogs?\b.*(erro|critic|fatal|exception|clean|limpo)|(erro|error|exception|critic|fatal).*\blogs?\b/,
    not: /migrat|migrac|warning|restart|config|retenc|collect|audit|\btail\b|spike|\b5(00|xx)\b/,
    in: DEPLOYED,
    facts: of('{environment}.logs', ['ran', 'logs']),
  },
  {
    says: /\blogs?\b.*(erro|critic|fatal|exception|clean|limpo)|(erro|error|exception|critic|fatal).*\blogs?\b/,
    not: /\btail\b|spike|\b5(00|xx)\b/,
    in: WATCHED,
    facts: ['{watch}/logs'],
  },

  // The migration.
  {
    says: /executad|aplicad|applied|\bran\b|\brun\b|complet|succe|sem erro|without errors?/,
    not: /warning|aviso|tempo|\btime\b|duration|version|versao|revers|rollback|downgrade|backward|retrocompat|review|revisad|backup|locks?\b|second|segundo|large table/,
    about: MIGRATION,
    in: DEPLOYED,
    facts: of('{environment}.migration', RAN),
  },
  {
    says: /(migrat|migrac).*(test|tried|applied|\bran\b|\brun\b|executad|aplicad).*(staging|homolog)/,
    not: /revers|rollback|downgrade|production data|copy of/,
    in: ['prerequisites'],
    facts: of('staging.migration', RAN),
  },
  {
    says: /(versao|version|revisao|revision).*(banco|database|\bdb\b|schema)|(banco|database|\bdb\b|schema).*(versao|version|revisao|revision|\bhead\b)/,
    not: /compat|backup|postgres/,
    about: /migrat|migrac|schema/,
    in: DEPLOYED,
    facts: ['{environment}.migration/revision'],
  },
  {
    says: /warning|\bavisos?\b|advertencia/,
    about: MIGRATION,
    in: DEPLOYED,
    facts: ['{environment}.migration/warnings'],
  },
  {
    says: /(tempo de execucao|execution time|takes|took|duration|duracao).*(<|less|under|below|menos|abaixo).*\d/,
    about: MIGRATION,
    in: ['production'],
    facts: ['production.migration/duration'],
  },
  {
    says: /reversible|reversivel|reversiveis|(rollback|downgrade|\bdown\b).*(test|tried|proven|work|funciona)|(test|tried).*(rollback|downgrade)/,
    not: /plan|if |se /,
    about: MIGRATION,
    in: BEFOREHAND,
    facts: of('staging.reversibility', ['downgrade', 'schema-restored', 'upgrade-again']),
  },
  {
    says: /backwards?[- ]compatib|retrocompat|(old|previous|current) (code|version|release).*(works|runs).*(schema|database)/,
    not: /\bapi\b|client/,
    about: /migrat|migrac|schema|database|banco/,
    in: BEFOREHAND,
    facts: ['staging.reversibility/previous-code'],
  },

  // Maintenance mode.
  {
    says: /(manutencao|maintenance).*(\bativad|\bativar|enabled?|turned on|\bon$|ligad)|(enable|turn on|ativar|ligar) .*(manutencao|maintenance)/,
    not: /desativ|desligad|disabl|\boff\b|remov/,
    in: ['production'],
    facts: ['production.maintenance-on/ran'],
  },
  {
    says: /(manutencao|maintenance).*(desativ|desligad|disabled?|turned off|\boff$)|(disable|turn off|desativar) .*(manutencao|maintenance)/,
    in: ['production'],
    facts: ['production.maintenance-off/ran'],
  },
  {
    says: /(requisicoes|requests).*(ativas|in flight|in-flight|active|drain|finaliz|terminad)/,
    about: /manutencao|maintenance/,
    in: ['production'],
    facts: ['production.maintenance-on/drained'],
  },

  // Afterwards.
  {
    says: /smoke ?-?tests?.*(pass|ok\b|green|succe|conclu|execut)|(run|executar) (the )?smoke ?-?tests?/,
    not: /automat/,
    in: ['production', 'watch'],
    environment: 'production',
    facts: ['production.smoke/*'],
  },
  { says: /deadlock/, not: /<|>/, about: DATABASE, in: ['watch'], facts: ['{watch}/deadlocks'] },
  {
    says: /(nenhum|sem|\bno) .*deadlock/,
    in: ['watch'],
    facts: ['{watch}/deadlocks'],
  },
  {
    says: /(banco|database|\bdb\b).*(respond|normal|healthy)/,
    in: ['watch'],
    facts: ['{watch}/blocked'],
  },
  {
    says: /quer(y|ies) lentas?|consultas? lentas?|slow quer/,
    not: /log/,
    in: ['watch'],
    facts: ['watch.database/slow-queries'],
  },
  {
    says: /(aplicacao|application|\bapp\b|servico|service|\bsite\b).*(still up|stays up|available|reachable|respondendo|no ar\b|disponivel)/,
    in: ['watch'],
    facts: ['{watch}/up'],
  },
];

/** Programs that people list among their tools. */
export const TOOL_WORDS = ['psql', 'pg_dump', 'git', 'docker', 'kubectl', 'helm', 'terraform'];
export const AS_TOOL = /tool|ferrament|install|instalad|client/;

/** Those who sign off, as checklists name them. */
export const ROLE_WORDS: readonly { role: string; title: string; words: RegExp }[] = [
  { role: 'tech-lead', title: 'Tech lead', words: /tech(nical)? lead|lider tecnic/ },
  { role: 'backend-team', title: 'Backend team', words: /backend team|time de backend|equipe de backend/ },
  { role: 'devops', title: 'DevOps', words: /devops|\bsre\b|\bops\b|operations|operacoes|infrastructure team/ },
  { role: 'qa', title: 'QA', words: /\bqa\b|quality assurance|qualidade/ },
  { role: 'product-owner', title: 'Product owner', words: /product (owner|manager)|\bpo\b|\bpm\b|dono do produto/ },
  { role: 'security', title: 'Security', words: /security|seguranca/ },
  { role: 'engineering-manager', title: 'Engineering manager', words: /engineering manager|gerente de engenharia/ },
  { role: 'dba', title: 'Database administrator', words: /\bdba\b|database administrator/ },
];
export const SIGN_OFF = /sign-?(ed )?off|approv|aprova|go.?\/? ?no-?go/;
