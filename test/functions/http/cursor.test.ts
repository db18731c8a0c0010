import { describe, expect, it } from 'vitest';
import { cursorText, readCursor } from '../../../functions/http/cursor.ts';

describe('a cursor', () => {
  it.each([
    ['01A-1:1:0.0', { attempt: 1, text: 0, reasoning: 0, isEnd: false }],
    ['01A-1:12:345.67', { attempt: 12, text: 345, reasoning: 67, isEnd: false }],
    ['01A-1:2:999999999.0:end', { attempt: 2, text: 999_999_999, reasoning: 0, isEnd: true }],
  ])('%s is read as it is written', (text, cursor) => {
    expect(readCursor(text, '01A-1')).toEqual(cursor);
    expect(cursorText('01A-1', cursor)).toBe(text);
  });

  it.each([null, ''])('%j is the beginning', (header) => {
    expect(readCursor(header, '01A-1')).toBeUndefined();
  });

  it.each([
    'garbage',
    '01A-1',
    '01A-1:1',
    '01A-1:1:5',
    '01A-1:1:5.',
    '01A-1:0:5.0',
    '01A-1:01:5.0',
    '01A-1:1:05.0',
    '01A-1:1:-5.0',
    '01A-1:1:1e3.0',
    '01A-1:1:5.0:END',
    '01A-1:1:5.0:end:end',
    ' 01A-1:1:5.0',
    '01A-1:1:1234567890.0',
    '01A-2:1:5.0',
    ':1:5.0',
  ])('is INVALID_INPUT as %j', (header) => {
    expect(() => readCursor(header, '01A-1')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});
