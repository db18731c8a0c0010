import { describe, expect, it } from 'vitest';
import { createLedger, MAX_CONVERSATIONS } from '../../../local/metrics/ledger.ts';

describe('createLedger', () => {
  it('adds work to its conversation and to the total', () => {
    const ledger = createLedger();

    ledger.charge('a', { mutations: 2, lambdaMs: 5 });
    ledger.charge('b', { mutations: 1 });
    ledger.charge('a', { mutations: 1 });
    ledger.charge(undefined, { mutations: 10, queries: 1 });

    expect(ledger.total()).toMatchObject({ mutations: 14, queries: 1, lambdaMs: 5 });
    expect(ledger.conversations().get('a')).toMatchObject({ mutations: 3, queries: 0, lambdaMs: 5 });
    expect(ledger.conversations().get('b')).toMatchObject({ mutations: 1, lambdaMs: 0 });
  });

  it('lets the row go that has been idle longest, and keeps its work in the total', () => {
    const ledger = createLedger();

    for (let index = 0; index < 3 * MAX_CONVERSATIONS; index += 1) {
      ledger.charge(`c${index}`, { mutations: 1 });
      ledger.charge('busy', { queries: 1 });
    }

    const rows = ledger.conversations();
    expect(rows.size).toBe(MAX_CONVERSATIONS);
    expect(rows.get('busy')?.queries).toBe(3 * MAX_CONVERSATIONS);
    expect(rows.has('c0')).toBe(false);
    expect(rows.get(`c${3 * MAX_CONVERSATIONS - 1}`)?.mutations).toBe(1);
    expect(ledger.total().mutations).toBe(3 * MAX_CONVERSATIONS);
  });

  it('makes no row for what cannot be an id', () => {
    const ledger = createLedger();

    for (const id of ['', 'x'.repeat(65), 'a b', '#', '__proto__ ']) ledger.charge(id, { mutations: 1 });

    expect(ledger.conversations().size).toBe(0);
    expect(ledger.total().mutations).toBe(5);
  });
});
