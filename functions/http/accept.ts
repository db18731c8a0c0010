import type { Context } from 'hono';
import { accepts } from 'hono/accepts';

type Options = Parameters<typeof accepts>[1];
type Match = NonNullable<Options['match']>;

/**
 * The media type that a request's `Accept` prefers: by quality, then by how exactly it is named, then by the order of the
 * header and of `supports`. The first of `supports` when there is no header, or it wants none of them: an answer in another
 * form says more than a refusal.
 */
export function preferredType<Type extends string>(
  c: Context,
  supports: readonly [Type, ...(readonly Type[])],
): Type {
  const options: Options = {
    header: 'Accept',
    supports: [...supports],
    default: supports[0],
    match: byQuality,
  };
  return accepts(c, options) as Type;
}

// Hono's own match does not weigh `*/*`, and so prefers the last choice of a header that ends in it.
const byQuality: Match = (ranges, { supports, default: first }) => {
  const wanted = supports.flatMap((type) => {
    const names = [type, type.replace(/\/.*/, '/*'), '*/*'];
    const places = names.map((name) => ranges.findIndex((range) => range.type.toLowerCase() === name));
    const width = places.findIndex((place) => place >= 0);
    const place = places[width] ?? -1;
    const q = ranges[place]?.q ?? 0;
    return q > 0 ? [{ type, q, width, place }] : [];
  });
  wanted.sort((a, b) => b.q - a.q || a.width - b.width || a.place - b.place);
  return wanted[0]?.type ?? first;
};
