import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose';

const FILE_NAME = 'issuer-key.json';
const ALGORITHM = 'RS256';

/** The key pair of an issuer: the private half to sign with, the public half as the JWKS shows it. */
export interface SigningKey {
  privateKey: CryptoKey;
  publicJwk: JWK & { kid: string };
}

/**
 * Gives the issuer's RS256 key pair.
 *
 * With a folder the pair is made once and read again later, so that tokens survive a restart; two processes that start at the
 * same time end with the same pair. Without one it lives in memory only. Rejects when the stored file is no key, naming the file.
 */
export async function loadSigningKey(dataDir: string | undefined): Promise<SigningKey> {
  if (dataDir === undefined) return toSigningKey(await generatePrivateJwk());
  const file = join(dataDir, FILE_NAME);
  const stored = (await readKeyFile(file)) ?? (await createKeyFile(dataDir, file));
  try {
    return await toSigningKey(JSON.parse(stored) as JWK);
  } catch (cause) {
    throw new Error(
      `${file} holds no RSA private key; delete it to get a new one (tokens issued so far end).`,
      { cause },
    );
  }
}

async function readKeyFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function createKeyFile(dataDir: string, file: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(await generatePrivateJwk()), { mode: 0o600 });
  try {
    // link, unlike rename, fails when the file is there: the first process wins and nobody reads half a file.
    await link(draft, file);
  } catch (error) {
    if (!isErrorWithCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}

async function generatePrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return exportJWK(privateKey);
}

async function toSigningKey(privateJwk: JWK): Promise<SigningKey> {
  const { kty, n, e } = privateJwk;
  if (kty !== 'RSA' || privateJwk.d === undefined) throw new TypeError('expected an RSA private key');
  const privateKey = (await importJWK(privateJwk, ALGORITHM)) as CryptoKey;
  const kid = await calculateJwkThumbprint({ kty, n, e });
  return { privateKey, publicJwk: { kty, n, e, kid, alg: ALGORITHM, use: 'sig' } };
}

function isErrorWithCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
