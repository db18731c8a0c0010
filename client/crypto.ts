/**
 * SHA-256 of a text's UTF-8 bytes, lower-case hex. Uses the platform's; pages on plain http (but localhost) have none and
 * load one then.
 */
export async function sha256(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const { subtle } = globalThis.crypto as { subtle: SubtleCrypto | undefined };
  const digest = subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : await withoutSubtle(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function withoutSubtle(bytes: Uint8Array): Promise<Uint8Array> {
  // Half the weight of the package's main entry, which brings tslib and HMAC along. For bundlers: Node has `subtle`.
  const { RawSha256 } = await import('@aws-crypto/sha256-js/build/module/RawSha256.js');
  const hash = new RawSha256();
  hash.update(bytes);
  return hash.digest();
}

/** A new UUID (version 4). `crypto.randomUUID` is missing on plain http, `getRandomValues` is not. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
