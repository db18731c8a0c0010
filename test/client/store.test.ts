import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Store } from '../../client/store.ts';
import { batch, receipt, runningAnswer } from './fake-service.ts';

interface Count {
  readonly count: number;
}

/** A store of a number. */
function counter() {
  let count = 0;
  const store = new Store<Count>({ count }, () => ({ count }));
  const add = () =>
    store.update(() => {
      count += 1;
    });
  return { store, add };
}

/** What is reported instead of thrown. */
function reported(): unknown[] {
  const errors: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => errors.push(error));
  onTestFinished(() => void vi.unstubAllGlobals());
  return errors;
}

describe('a store', () => {
  it('tells every listener every snapshot in order, also when one of them changes it', () => {
    const { store, add } = counter();
    const told: string[] = [];
    store.listen(({ count }) => {
      told.push(`a${count}`);
      if (count === 1) add();
      if (count === 1) add();
    });
    store.listen(({ count }) => told.push(`b${count}`));

    add();

    expect(told).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
    expect(store.state.count).toBe(3);
  });

  it('shows a listener that changed it the change at once', () => {
    const { store, add } = counter();
    const seen: number[] = [];
    store.listen(({ count }) => {
      if (count > 1) return;
      add();
      seen.push(store.state.count);
    });

    add();

    expect(seen).toEqual([2]);
  });

  it('tells everyone although one throws, and reports what it threw', () => {
    const errors = reported();
    const { store, add } = counter();
    const told: number[] = [];
    store.listen(() => {
      throw new Error('mine');
    });
    store.listen(({ count }) => told.push(count));

    expect(add).not.toThrow();

    expect(told).toEqual([1]);
    expect(errors).toMatchObject([{ message: 'mine' }]);
  });

  it('reports where there is no reportError by an uncaught error of its own', () => {
    const thrown: (() => void)[] = [];
    vi.stubGlobal('reportError', undefined);
    vi.stubGlobal('queueMicrotask', (run: () => void) => thrown.push(run));
    onTestFinished(() => void vi.unstubAllGlobals());
    const { store, add } = counter();
    store.listen(() => {
      throw new Error('mine');
    });

    add();

    expect(thrown).toHaveLength(1);
    expect(thrown[0]).toThrow('mine');
  });

  it('does not tell a listener that another one has just ended', () => {
    const { store, add } = counter();
    const told: number[] = [];
    store.listen(() => stop());
    const stop = store.listen(({ count }) => told.push(count));

    add();

    expect(told).toEqual([]);
  });

  it('tells what was changed before it was cleared, and nothing after', () => {
    const { store, add } = counter();
    const told: string[] = [];
    store.listen(({ count }) => {
      told.push(`a${count}`);
      if (count > 1) return;
      add();
      store.clear();
      add();
    });
    store.listen(({ count }) => told.push(`b${count}`));

    add();
    add();

    expect(told).toEqual(['a1', 'b1', 'a2', 'b2']);
  });
});

describe('a conversation with a listener that throws', () => {
  it('shows the answer to the others, to its end, and settles', async () => {
    const errors = reported();
    const { service, conversation, hear, answer } = await runningAnswer();
    conversation.subscribe(() => {
      throw new Error('mine');
    });
    const told: (string | undefined)[] = [];
    conversation.subscribe(() => told.push(answer()?.text));

    await hear(batch({ seq: 1, text: 'ab' }), batch({ seq: 2, offset: 2, end: receipt('ab') }));

    expect(answer()).toMatchObject({ text: 'ab', status: 'COMPLETE' });
    expect(told[0]).toBe('ab');
    expect(errors.length).toBe(told.length);
    expect(service.count('messageState')).toBe(0);
  });
});
