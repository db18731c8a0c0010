import { describe, expect, it } from 'vitest';
import { GRACE_MS, Leases, type LeasedStore } from '../../../client/react/leases.ts';
import { ManualClock } from '../manual-clock.ts';

class FakeStore implements LeasedStore {
  isClosed = false;
  isBusy = false;
  readonly close = () => {
    this.isClosed = true;
  };
}

function fakeLeases() {
  const clock = new ManualClock();
  const opened: string[] = [];
  const leases = new Leases((key) => {
    opened.push(key);
    return new FakeStore();
  }, clock);
  return { clock, opened, leases };
}

describe('Leases', () => {
  it('opens nothing for who only looks', () => {
    const { leases, opened } = fakeLeases();

    expect(leases.peek('a')).toBeUndefined();
    expect(opened).toEqual([]);
  });

  it('shares a store among the holders of a key', () => {
    const { leases, opened } = fakeLeases();
    const [first, second, other] = [leases.hold('a'), leases.hold('a'), leases.hold('b')];

    expect(second.store).toBe(first.store);
    expect(other.store).not.toBe(first.store);
    expect(leases.peek('a')).toBe(first.store);
    expect(opened).toEqual(['a', 'b']);
  });

  it('closes a store once its last holder left and the grace has passed', async () => {
    const { leases, clock } = fakeLeases();
    const [first, second] = [leases.hold('a'), leases.hold('a')];

    first.release();
    await clock.advance(10 * GRACE_MS);
    expect(first.store.isClosed).toBe(false);
    second.release();
    await clock.advance(GRACE_MS - 1);
    expect(first.store.isClosed).toBe(false);
    await clock.advance(1);

    expect(first.store.isClosed).toBe(true);
    expect(leases.peek('a')).toBeUndefined();
  });

  it('keeps a store that is held again within the grace', async () => {
    const { leases, clock } = fakeLeases();
    const first = leases.hold('a');
    first.release();
    await clock.advance(GRACE_MS - 1);
    const second = leases.hold('a');
    await clock.advance(10 * GRACE_MS);

    expect(second.store).toBe(first.store);
    expect(second.store.isClosed).toBe(false);
  });

  it('counts a lease that is released twice once', async () => {
    const { leases, clock } = fakeLeases();
    const [first, second] = [leases.hold('a'), leases.hold('a')];

    first.release();
    first.release();
    await clock.advance(10 * GRACE_MS);

    expect(second.store.isClosed).toBe(false);
  });

  it('closes a busy store only after it has settled', async () => {
    const { leases, clock } = fakeLeases();
    const { store, release } = leases.hold('a');
    store.isBusy = true;
    release();
    await clock.advance(10 * GRACE_MS);
    expect(store.isClosed).toBe(false);

    store.isBusy = false;
    await clock.advance(GRACE_MS);
    expect(store.isClosed).toBe(true);
  });

  it('opens anew what somebody else closed, once nobody holds the old one', async () => {
    const { leases, clock } = fakeLeases();
    const first = leases.hold('a');
    first.store.close();
    expect(leases.hold('a').store).toBe(first.store);

    const lease = leases.hold('b');
    lease.store.close();
    lease.release();
    const again = leases.hold('b');
    await clock.advance(10 * GRACE_MS);

    expect(again.store).not.toBe(lease.store);
    expect(again.store.isClosed).toBe(false);
    expect(leases.peek('b')).toBe(again.store);
  });
});
