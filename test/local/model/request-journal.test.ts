import { describe, expect, it } from 'vitest';
import { createRequestJournal } from '../../../local/model/request-journal.ts';

const request = (content: string) => ({ model: 'm', messages: [{ role: 'user' as const, content }] });

describe('createRequestJournal', () => {
  it('keeps the first outcome and its time', () => {
    let now = 10;
    const journal = createRequestJournal(() => now);
    const entry = journal.begin(request('hi'), 'hi');

    now = 25;
    journal.end(entry, 'aborted');
    now = 40;
    journal.end(entry, 'complete');

    expect(journal.snapshot().requests[0]).toMatchObject({
      outcome: 'aborted',
      startedAtMs: 10,
      endedAtMs: 25,
    });
  });

  it('forgets the oldest requests beyond 500 and goes on counting', () => {
    const journal = createRequestJournal(() => 0);

    for (let index = 1; index <= 510; index += 1) journal.begin(request(`${index}`), `${index}`);

    const { count, requests } = journal.snapshot();
    expect(count).toBe(510);
    expect(requests).toHaveLength(500);
    expect(requests[0]?.prompt).toBe('11');
  });

  it('forgets the oldest requests when their prompts grow too large, but never the newest', () => {
    const journal = createRequestJournal(() => 0);

    for (let index = 0; index < 3; index += 1) journal.begin(request('x'.repeat(1_500_000)), `${index}`);
    expect(journal.snapshot().requests.map(({ prompt }) => prompt)).toEqual(['1', '2']);

    journal.begin(request('x'.repeat(5_000_000)), 'huge');
    expect(journal.snapshot().requests.map(({ prompt }) => prompt)).toEqual(['huge']);
  });

  it('starts to count again after clear, with new ids', () => {
    const journal = createRequestJournal(() => 0);
    journal.begin(request('a'), 'a');

    journal.clear();
    journal.begin(request('b'), 'b');

    expect(journal.snapshot()).toMatchObject({ count: 1, requests: [{ id: 2, prompt: 'b' }] });
  });
});
