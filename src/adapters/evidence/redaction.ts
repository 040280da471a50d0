/** Keeps secrets out of what is written: every occurrence becomes `***`. */
import { Transform } from 'node:stream';

/** Shorter values are ordinary words; replacing them would garble the text and hide nothing. */
const SHORTEST = 4;
const MASK = '***';

/** The text without the secrets, also where they are percent-encoded as in URLs, or escaped as in JSON. */
export function redact(text: string, secrets: string[]): string {
  return replaceAll(text, variants(secrets));
}

/** The same for a stream of bytes of any length; bytes that are no secret come through unchanged. */
export function redaction(secrets: string[]): Transform {
  // One character for each byte, so that a chunk may end in the middle of a character.
  const forms = variants(secrets).map((secret) => Buffer.from(secret, 'utf8').toString('latin1'));
  const overlap = Math.max(0, ...forms.map((form) => form.length - 1));
  let held = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = replaceAll(held + chunk.toString('latin1'), forms);
      const cut = Math.max(0, text.length - overlap);
      held = text.slice(cut);
      done(null, Buffer.from(text.slice(0, cut), 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'));
    },
  });
}

function variants(secrets: string[]): string[] {
  const forms = secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [secret, encoded(secret), JSON.stringify(secret).slice(1, -1)]);
  // The longest first: a secret that begins with another one must not leave its end behind.
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

const encoded = (secret: string) => encodeURIComponent(Buffer.from(secret, 'utf8').toString('utf8'));

const replaceAll = (text: string, forms: string[]) => forms.reduce((done, form) => done.replaceAll(form, MASK), text);
