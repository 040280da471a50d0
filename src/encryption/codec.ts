/** Payload encryption: AES-256-GCM (NIST SP 800-38D) with key IDs, so that Temporal's database holds nothing readable. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import proto from '@temporalio/proto';
import type { Keyring } from './keys.js';

export const ENCRYPTED = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const KEY_ID = 'encryption-key-id';
/** Bytes: the nonce that SP 800-38D recommends, and the whole tag. */
const NONCE = 12;
const TAG = 16;

/** What stands in place of a payload that came in plain text: JSON that no decision, plan or result can be. */
export const REFUSED = { surefoot: 'refused: this payload was not encrypted' };

/**
 * Encrypts every payload with the active key, and decrypts with whichever key it names.
 *
 * A plain payload is never used: somebody with access to Temporal, but without a key, must not be able to decide
 * anything. `plainText: 'throw'` (clients) says so; `'replace'` (workers) puts {@link REFUSED} in its place, because a
 * signal that cannot be decoded would otherwise stop the workflow it was sent to.
 */
export class EncryptionCodec implements PayloadCodec {
  constructor(
    private readonly keyring: Keyring,
    private readonly plainText: 'throw' | 'replace',
  ) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.encrypt(payload));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.decrypt(payload));
  }

  private encrypt(payload: Payload): Payload {
    const { active, keys } = this.keyring;
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, keys.get(active) as Buffer, nonce).setAAD(Buffer.from(active));
    const plain = proto.temporal.api.common.v1.Payload.encode(payload).finish();
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { [METADATA_ENCODING_KEY]: encode(ENCRYPTED), [KEY_ID]: encode(active) }, data };
  }

  private decrypt(payload: Payload): Payload {
    if (textOf(payload, METADATA_ENCODING_KEY) !== ENCRYPTED) return this.refuse();
    const id = textOf(payload, KEY_ID);
    const key = this.keyring.keys.get(id);
    if (!key)
      return this.unreadable(`A payload is encrypted with the key ${id}, which SUREFOOT_PAYLOAD_KEYS does not name`);
    const data = Buffer.from(payload.data ?? []);
    try {
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE)).setAAD(Buffer.from(id));
      decipher.setAuthTag(data.subarray(-TAG));
      const plain = Buffer.concat([decipher.update(data.subarray(NONCE, -TAG)), decipher.final()]);
      return proto.temporal.api.common.v1.Payload.decode(plain);
    } catch {
      // A payload that was tampered with is no better than one in plain text.
      if (this.plainText === 'replace') return this.refuse();
      throw new ValueError(
        `A payload cannot be decrypted with the key ${id}: it was changed, or the key is another one`,
      );
    }
  }

  /**
   * It may be read once the key is named again, so nothing takes its place. A worker that threw here would fail the task of
   * the workflow before anybody sees what the payload is for: a message of anybody's, which is refused, or an answer.
   */
  private unreadable(why: string): Payload {
    if (this.plainText === 'throw') throw new ValueError(why);
    return { metadata: { [METADATA_ENCODING_KEY]: encode(`unreadable. ${why}`) }, data: new Uint8Array() };
  }

  private refuse(): Payload {
    if (this.plainText === 'throw') {
      throw new ValueError('A payload is in plain text although SUREFOOT_PAYLOAD_KEYS is set: it is not used');
    }
    return { metadata: { [METADATA_ENCODING_KEY]: encode('json/plain') }, data: encode(JSON.stringify(REFUSED)) };
  }
}

const textOf = ({ metadata }: Payload, key: string): string => decode(metadata?.[key] ?? new Uint8Array());
