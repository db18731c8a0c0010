import { describe, expect, it } from 'vitest';
import { createKeptTexts } from '../../../client/app/kept-texts.ts';
import { memoryStorage } from './memory-storage.ts';

const first = { clientMessageId: 'm1', text: 'one', parentId: 'p' };
const second = { clientMessageId: 'm2', text: 'two' };

describe('kept texts', () => {
  it('survive a reload', () => {
    const storage = memoryStorage();
    createKeptTexts(storage).keepDraft('c1', 'half a ');
    createKeptTexts(storage).keepUnsent('c1', first);
    const texts = createKeptTexts(storage);
    expect(texts.draft('c1')).toBe('half a ');
    expect(texts.unsent('c1')).toEqual([first]);
    expect(texts.draft('c2')).toBe('');
    expect(texts.unsent('c2')).toEqual([]);
  });

  it('hold every unsent text once, in order, until it is forgotten', () => {
    const storage = memoryStorage();
    const texts = createKeptTexts(storage);
    for (const unsent of [first, second, second]) texts.keepUnsent('c1', unsent);
    expect(texts.unsent('c1')).toEqual([first, second]);
    texts.forgetUnsent('c1', 'm1');
    expect(texts.unsent('c1')).toEqual([second]);
    texts.forgetUnsent('c1', 'm2');
    texts.keepDraft('c1', '');
    expect(storage.kept.size).toBe(0);
  });

  it('are none when storage is broken or holds something else', () => {
    const storage = memoryStorage({ 'appsync-chat:unsent:c1': '{"not":"a list"}' });
    const texts = createKeptTexts(storage);
    expect(texts.unsent('c1')).toEqual([]);
    storage.isBroken = true;
    texts.keepDraft('c1', 'x');
    texts.keepUnsent('c1', first);
    expect(texts.draft('c1')).toBe('');
    expect(texts.unsent('c1')).toEqual([]);
  });
});
