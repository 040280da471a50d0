import type { Statement } from '../../contract/envelope.js';
import type { Decision } from '../../domain/ledger/ledger.js';
import type { Send } from '../signed-in.js';

/** A decision that is sent when it has been proven that its person has made the statement. */
export interface ToSend {
  decision: Decision;
  statement: Statement;
  send: Send;
}
