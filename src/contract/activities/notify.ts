/** Messages to people. */
import type { StepReport } from '../../domain/evidence.js';
import type { Question } from '../../domain/ledger/ledger.js';
import type { About, Message, Notice } from '../../domain/notifications/notifications.js';
import type { EvidencePlace, StepKey } from './step.js';

export interface PeopleActivities {
  /**
   * Sends messages, each channel apart from the others; a receiver that is down never fails a deployment. In virtual
   * time stand-in people then answer the questions before it returns, or say when they will.
   * @param input `threads`: the deployment's thread in each Slack channel, as far as it has one
   * @returns the threads that were begun, and what could not be told to whom, and why; `later`: in so many milliseconds
   * stand-in people want to be asked again; `places`: by its ID, what a message with a page can be edited by
   */
  tell(input: { messages: Message[]; threads: Record<string, string>; questions: Question[] }): Promise<{
    threads: Record<string, string>;
    untold: string[];
    later?: number;
    places?: Record<string, string>;
  }>;
  /** Checklist 2.2: one fact for each notice, told or prepared; its text is kept as evidence. */
  sendNotices(input: {
    key: StepKey;
    evidence: EvidencePlace;
    /** The workflow's time. */
    at: number;
    notices: (Notice & { messages: Message[] /** Its channels that are off on this machine. */; off: string[] })[];
    about: About;
    threads: Record<string, string>;
  }): Promise<StepReport>;
}
