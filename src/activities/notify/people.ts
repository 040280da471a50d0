import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { Patience } from '../../adapters/http/patient-request.js';
import type { Delivery } from '../../adapters/notify/deliveries.js';
import { notifierOf } from '../../adapters/notify/notifiers.js';
import type { PeopleActivities } from '../../contract/activities/notify.js';
import type { Fact } from '../../domain/evidence.js';
import type { Question } from '../../domain/ledger/ledger.js';
import { fillIn, type Message } from '../../domain/notifications/notifications.js';
import { questionPage } from '../../domain/notifications/question-page.js';
import { withHeartbeat } from '../commands/heartbeat.js';

interface Options {
  /** Where the console is, for questions of plans that do not say it. */
  console?: string;
  /** The stand-in people of virtual time: a question has been answered when it returns. */
  answer?: (question: Question) => Promise<void>;
  /** How long receivers are waited for. */
  patience?: Patience;
}

export function createPeopleActivities({ console, answer, patience }: Options = {}): PeopleActivities {
  return {
    tell: ({ messages, threads, questions }) =>
      withHeartbeat(async (signal) => {
        const led = messages.map((message) => withPage(message, console));
        const told = await tellAll(led, { threads, signal, patience });
        const untold = told.results.flatMap(({ message, delivery }) =>
          delivery.told ? [] : [`${message.subject}: not told to ${message.channel.id} (${delivery.why})`],
        );
        for (const question of questions) await answer?.(question);
        const places = Object.fromEntries(told.results.flatMap(placeToEdit));
        return { threads: told.threads, untold, ...(Object.keys(places).length > 0 && { places }) };
      }),

    sendNotices: ({ key, evidence, at, notices, about, threads }) =>
      withHeartbeat(async (signal) => {
        const messages = notices.flatMap((notice) => notice.messages);
        const { results } = await tellAll(messages, { threads, signal, patience });
        const facts: Fact[] = [];
        const kept = [];
        for (const notice of notices) {
          const own = results.filter(({ message }) => notice.messages.includes(message));
          const content = `${fillIn(notice.text, about)}\n`;
          facts.push(factOf(notice, { at, results: own }));
          kept.push(
            await storeEvidence(evidence, {
              title: notice.title,
              path: `${key.step}/${notice.id}-${key.generation}.txt`,
              content,
            }),
          );
        }
        return { summary: facts.map(({ text }) => text).join('; '), facts, evidence: kept };
      }),
  };
}

interface Told {
  message: Message;
  delivery: Delivery;
}

/** Each channel's messages one after the other, for their thread and order; the channels at the same time. */
export async function tellAll(
  messages: Message[],
  options: { threads: Record<string, string>; signal: AbortSignal; patience?: Patience },
): Promise<{ results: Told[]; threads: Record<string, string> }> {
  const threads = { ...options.threads };
  const channels = new Set(messages.map(({ channel }) => channel.id));
  const results = await Promise.all(
    [...channels].map(async (id) => {
      const told: Told[] = [];
      for (const message of messages.filter(({ channel }) => channel.id === id)) {
        const { channel } = message;
        const delivery = await notifierOf(channel).send({ ...options, channel, message, thread: threads[id] });
        if (delivery.told && delivery.thread !== undefined) threads[id] ??= delivery.thread;
        told.push({ message, delivery });
      }
      return told;
    }),
  );
  return { results: results.flat(), threads };
}

/** A question leads to where it is answered, by the worker's word where the plan has none. */
function withPage(message: Message, console: string | undefined): Message {
  const { asks, page, about } = message;
  if (console === undefined || asks === undefined || page !== undefined) return message;
  return { ...message, page: questionPage(console, { deployment: about.deployment, id: asks }) };
}

/** What offers a page to answer on says the answer, once there is one, where its channel lets it be edited. */
const placeToEdit = ({ message: { id, page }, delivery }: Told): [string, string][] =>
  page !== undefined && delivery.told && delivery.place !== undefined ? [[id, delivery.place]] : [];

type NoticeToSend = Parameters<PeopleActivities['sendNotices']>[0]['notices'][number];

/** Whoever was not told is named. That fails the item, not the deployment. */
function factOf(notice: NoticeToSend, { at, results }: { at: number; results: Told[] }): Fact {
  const { id: name, title, to, off } = notice;
  if (to.length === 0)
    return { name, ok: true, text: `${title}: prepared and kept as evidence; the plan sends it to nobody` };
  const told = results.filter(({ delivery }) => delivery.told).map(({ message }) => placeOf(message));
  const missed = [
    ...results.flatMap(({ message, delivery }) =>
      delivery.told ? [] : [`not told in ${placeOf(message)}: ${delivery.why}`],
    ),
    ...off.map((channel) => `not told in ${channel}: it is off on this machine`),
  ];
  const when = `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const where = told.length > 0 ? [`told in ${told.join(', ')} at ${when}`] : [];
  const ok = missed.length === 0;
  return { name, ok, text: `${title}: ${[...where, ...missed].join('; ')}`, ...(ok ? {} : { advisory: true }) };
}

const placeOf = ({ channel }: Message): string => notifierOf(channel).placeOf(channel);
