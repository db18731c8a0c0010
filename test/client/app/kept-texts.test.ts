import { describe, expect, it } from 'vitest';
import { createKeptTexts } from '../../../client/app/kept-texts.ts';
import { memoryStorage } from './memory-storage.ts';

describe('kept texts', () => {
  it('survive a reload', () => {
    const storage = memoryStorage();
    createKeptTexts(storage).keepDraft('c1', 'half a ');
    const texts = createKeptTexts(storage);
    expect(texts.draft('c1')).toBe('half a ');
    expect(texts.draft('c2')).toBe('');
    texts.keepDraft('c1', '');
    expect(storage.kept.size).toBe(0);
  });

  it('are none when storage is broken', () => {
    const storage = memoryStorage();
    const texts = createKeptTexts(storage);
    storage.isBroken = true;
    texts.keepDraft('c1', 'x');
    expect(texts.draft('c1')).toBe('');
    storage.isBroken = false;
    expect(storage.kept.size).toBe(0);
  });
});
