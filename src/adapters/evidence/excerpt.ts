/** Others' words in a message of ours. */
import { redact } from './redaction.js';
import { knownSecrets } from './secrets.js';

/** As much of them as people need. Secrets are taken out before the cut: half of one would not be known again. */
export const excerptOf = (words: string, most = 300): string => redact(words, knownSecrets()).slice(0, most);
