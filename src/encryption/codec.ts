/** Payload encryption: AES-256-GCM (NIST SP 800-38D) with key IDs, so that Temporal's database holds nothing readable. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadCodec,
  type SerializationContext,
  ValueError,
} from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import proto from '@temporalio/proto';
import { NOT_IN_HAND } from '../contract/errors.js';
import type { Keyring } from './keys.js';
import {
  isAt,
  markedAs,
  type PayloadPlace,
  placeIn,
  placeInWords,
  UNREADABLE,
  USES,
  unmarked,
  useOf,
} from './places.js';
import { useAtClient } from './uses-of-clients.js';

export const ENCRYPTED = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const KEY_ID = 'encryption-key-id';
const PLACE = 'encryption-place';
/** What is encrypted otherwise, now or later, has other associated data. */
const FORMAT = 'surefoot payload 2';
/** Bytes: the nonce that SP 800-38D recommends, and the whole tag. */
const NONCE = 12;
const TAG = 16;

/** What stands in place of a payload that came in plain text: JSON that no decision, plan or result can be. */
export const REFUSED = { surefoot: 'refused: this payload was not encrypted, or not for this place' };

/**
 * What becomes of a payload that is in plain text, was changed, or was taken from another place:
 * - `throw` (clients): an error says so;
 * - `replace` (workers): {@link REFUSED} takes its place, because a signal that cannot be decoded would otherwise stop the
 *   workflow it was sent to;
 * - `show` (the codec endpoint): an error, too, but for what an earlier release has bound to no place. It is only looked at.
 */
export type Refusal = 'throw' | 'replace' | 'show';

/**
 * Encrypts every payload with the active key, and decrypts with whichever key it names. A plain payload is never used, and
 * neither is one of another place: somebody with access to Temporal, but without a key, must not be able to decide
 * anything, nor to have said again elsewhere what was once said by who has one.
 */
export class EncryptionCodec implements PayloadCodec {
  constructor(
    private readonly keyring: Keyring,
    private readonly refusal: Refusal,
    private readonly anyNamespace = false,
  ) {}

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => this.encrypt(payload, placeIn(context, useAs(payload))));
  }

  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => this.decrypt(payload, context));
  }

  private encrypt(payload: Payload, place: PayloadPlace): Payload {
    const { active, keys } = this.keyring;
    const written = JSON.stringify(place);
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, keys.get(active) as Buffer, nonce).setAAD(boundTo(active, written));
    const plain = proto.temporal.api.common.v1.Payload.encode(unmarked(payload)).finish();
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const metadata = { [METADATA_ENCODING_KEY]: encode(ENCRYPTED), [KEY_ID]: encode(active), [PLACE]: encode(written) };
    return { metadata, data };
  }

  private decrypt(payload: Payload, context: SerializationContext | undefined): Payload {
    // Anew: what stands beside it in clear may be anybody's, marks for a use too.
    if (this.refusal === 'replace' && isServersWord(payload)) return inClear(NOT_IN_HAND);
    if (textOf(payload, METADATA_ENCODING_KEY) !== ENCRYPTED)
      return this.refuse('A payload is in plain text although SUREFOOT_PAYLOAD_KEYS is set: it is not used');
    const written = textOf(payload, PLACE);
    if (written === '' && this.refusal !== 'show')
      return this.refuse('A payload was encrypted by an earlier release, which bound it to no place: it is not used');
    const id = textOf(payload, KEY_ID);
    const key = this.keyring.keys.get(id);
    if (!key)
      return this.unreadable(`A payload is encrypted with the key ${id}, which SUREFOOT_PAYLOAD_KEYS does not name`);
    const data = Buffer.from(payload.data ?? []);
    try {
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE)).setAAD(boundTo(id, written));
      decipher.setAuthTag(data.subarray(-TAG));
      const plain = Buffer.concat([decipher.update(data.subarray(NONCE, -TAG)), decipher.final()]);
      const decrypted = proto.temporal.api.common.v1.Payload.decode(plain);
      if (written === '' || !context) return decrypted;
      const place = JSON.parse(written) as PayloadPlace;
      if (isAt(place, context, this.anyNamespace))
        return markedAs(place.use, data.subarray(0, NONCE).toString('base64'), decrypted);
      const here = placeInWords(placeIn(context, 'payload'));
      return this.refuse(`A payload is ${placeInWords(place)}, and was put in another place, ${here}: it is not used`);
    } catch (error) {
      if (error instanceof ValueError) throw error;
      // A payload that was tampered with is no better than one in plain text.
      return this.refuse(`A payload cannot be decrypted with the key ${id}: it was changed, or the key is another one`);
    }
  }

  /**
   * It may be read once the key is named again, so nothing takes its place. A worker that threw here would fail the task of
   * the workflow before anybody sees what the payload is for: a message of anybody's, which is refused, or an answer.
   */
  private unreadable(why: string): Payload {
    if (this.refusal !== 'replace') throw new ValueError(why);
    return { metadata: { [METADATA_ENCODING_KEY]: encode(`${UNREADABLE}${why}`) }, data: new Uint8Array() };
  }

  private refuse(why: string): Payload {
    if (this.refusal !== 'replace') throw new ValueError(why);
    return inClear(REFUSED);
  }
}

/** Workflows mark what is theirs, activities their answers, and clients say what they are about to send. */
const useAs = (payload: Payload): string => useOf(payload) ?? useAtClient() ?? USES.shown;

const inClear = (value: unknown): Payload => ({
  metadata: { [METADATA_ENCODING_KEY]: encode('json/plain') },
  data: encode(JSON.stringify(value)),
});

/**
 * The one thing that a server says in a payload, and has no key for. It stands for nothing but itself: in the sandbox it is
 * no message and no result, because it is marked for none, and as the end of a command it makes people look.
 */
const isServersWord = ({ data }: Payload): boolean => decode(data ?? new Uint8Array()) === JSON.stringify(NOT_IN_HAND);

/** An earlier release bound payloads to their key alone. */
const boundTo = (key: string, place: string): Buffer =>
  Buffer.from(place === '' ? key : JSON.stringify([FORMAT, key, place]));

const textOf = ({ metadata }: Payload, key: string): string => decode(metadata?.[key] ?? new Uint8Array());
