/** SSH's own encoding (RFC 4251, section 5): lengths and what they announce. Nothing may be missing, nothing left over. */

/** What was to be read is no such thing; the message is for people. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

export class WireReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString('latin1');
  }

  /** A number that is not negative, without its leading zero (RFC 4251: mpint). */
  natural(): Buffer {
    const written = this.string();
    if (written.length === 0 || (written[0] ?? 0) & 0x80) throw new Malformed('a number in it is not one');
    const isPadded = written[0] === 0;
    if (isPadded && !((written[1] ?? 0) & 0x80)) throw new Malformed('a number in it is not written as SSH writes it');
    return isPadded ? written.subarray(1) : written;
  }

  take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new Malformed('it is cut off');
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  end(): void {
    if (this.at < this.bytes.length) throw new Malformed('there is more in it than belongs there');
  }
}

export function wireString(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Base64 in its one spelling. @throws Malformed */
export function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text) throw new Malformed('its base64 is cut off or not base64');
  return bytes;
}
