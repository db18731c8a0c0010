import { createHash } from 'node:crypto';
import { ChatError } from '../../protocol/errors.ts';

/**
 * Names a place in one listing for `nextToken`. It is no secret and gives no access: the listing's owner comes from the
 * caller, so whatever a token says, it moves a caller within its own listing alone.
 */
export function tokenOf(listing: string, place: string): string {
  return Buffer.from(`${digestOf(listing)}${place}`, 'utf8').toString('base64url');
}

/** The place a token names; throws INVALID_INPUT for anything that `tokenOf` does not write for this listing. */
export function placeOf(token: string, listing: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const place = text.slice(DIGEST_LENGTH);
  if (tokenOf(listing, place) !== token) throw new ChatError('INVALID_INPUT');
  return place;
}

const DIGEST_LENGTH = 16;

function digestOf(listing: string): string {
  return createHash('sha256').update(listing, 'utf8').digest('hex').slice(0, DIGEST_LENGTH);
}
