import { describe, expect, it } from 'vitest';
import {
  NOTHING_LOADED,
  withChanged,
  withNewest,
  without,
  withOlder,
  type LoadedConversations,
} from '../../client/conversation-pages.ts';
import type { ConversationItem } from '../../client/index.ts';

/** A conversation last changed at a minute. */
const item = (id: string, minute: number, title = id): ConversationItem => ({
  id,
  title,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
});
const ids = ({ items }: LoadedConversations) => items.map(({ id }) => id).join(' ');

/** Two pages: f e d, then c b a; more follow. */
const two = withOlder(
  withNewest(NOTHING_LOADED, { items: [item('f', 6), item('e', 5), item('d', 4)], nextToken: 'after d' }),
  { items: [item('c', 3), item('b', 2), item('a', 1)], nextToken: 'after a' },
);

describe('withNewest', () => {
  it('takes the first page and where the next one follows', () => {
    const one = withNewest(NOTHING_LOADED, { items: [item('b', 2), item('a', 1)], nextToken: 'after a' });

    expect(one).toMatchObject({ items: [item('b', 2), item('a', 1)], nextToken: 'after a' });
  });

  it('keeps older pages that were loaded, and where they end', () => {
    const next = withNewest(two, { items: [item('g', 7), item('f', 6), item('e', 5)], nextToken: 'after e' });

    expect(ids(next)).toBe('g f e d c b a');
    expect(next.nextToken).toBe('after a');
  });

  it('shows an older one at the top once it was changed', () => {
    const next = withNewest(two, { items: [item('b', 9), item('f', 6), item('e', 5)], nextToken: 'after e' });

    expect(ids(next)).toBe('b f e d c a');
  });

  it('drops what is missing in the range of the page', () => {
    const next = withNewest(two, { items: [item('f', 6), item('d', 4), item('c', 3)], nextToken: 'after c' });

    expect(ids(next)).toBe('f d c b a');
  });

  it('drops the rest when the page meets nothing that was loaded, so that no hole stays', () => {
    const next = withNewest(two, { items: [item('z', 30), item('y', 29)], nextToken: 'after y' });

    expect(ids(next)).toBe('z y');
    expect(next.nextToken).toBe('after y');
  });

  it('drops the rest when all that the page meets was changed since, so that no hole stays', () => {
    const next = withNewest(two, { items: [item('a', 31), item('z', 30)], nextToken: 'after z' });

    expect(ids(next)).toBe('a z');
    expect(next.nextToken).toBe('after z');
  });

  it('takes what a mutation of this client changed for no place that was listed', () => {
    const renamed = withChanged(two, item('a', 31));
    const next = withNewest(renamed, { items: [item('a', 31), item('z', 30)], nextToken: 'after z' });

    expect(ids(next)).toBe('a z');
    expect(next.nextToken).toBe('after z');
  });

  it('drops the rest when there is one page only', () => {
    const next = withNewest(two, { items: [item('f', 6)], nextToken: null });

    expect(next).toMatchObject({ items: [item('f', 6)], nextToken: null });
  });

  it('keeps the title that a mutation answered when the listing still has the old one', () => {
    const renamed = withChanged(two, item('d', 8, 'new title'));
    const next = withNewest(renamed, {
      items: [item('f', 6), item('e', 5), item('d', 4)],
      nextToken: 'after d',
    });

    expect(ids(next)).toBe('d f e c b a');
    expect(next.items[0]?.title).toBe('new title');
  });

  it('keeps the identity of what did not change', () => {
    const next = withNewest(two, {
      items: [item('f', 6), item('e', 5), item('d', 4, 'other')],
      nextToken: 'x',
    });

    expect(next.items[0]).toBe(two.items[0]);
    expect(next.items[2]).not.toBe(two.items[2]);
  });
});

describe('withOlder', () => {
  it('names a conversation once when it is on two pages', () => {
    const next = withOlder(two, { items: [item('a', 1), item('0', 0)], nextToken: null });

    expect(ids(next)).toBe('f e d c b a 0');
    expect(next.nextToken).toBeNull();
  });
});

describe('withChanged', () => {
  it('leaves out a conversation that is not loaded, and an older answer', () => {
    expect(ids(withChanged(two, item('x', 20)))).toBe('f e d c b a');
    expect(withChanged(two, item('d', 3, 'older')).items[2]?.title).toBe('d');
  });
});

describe('without', () => {
  it('leaves out the deleted ones', () => {
    expect(ids(without(two, new Set(['e', 'a'])))).toBe('f d c b');
  });
});
