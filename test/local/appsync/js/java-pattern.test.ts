import { describe, expect, it } from 'vitest';
import { compileJavaPattern, translateReplacement } from '../../../../local/appsync/js/java-pattern.ts';

describe('compileJavaPattern', () => {
  it.each([
    ['a|ab', 'ab', true],
    ['a', 'ab', false],
    ['a$', 'a\n', false],
    ['(?i)ABC', 'abc', true],
    ['(?s)a.b', 'a\nb', true],
    ['(?m)a', 'b\na', false],
    ['\\Qa.b*\\E+', 'a.b**', true],
    ['\\Qa.b', 'a.b', true],
    ['\\Q-\\E[\\-x]', '--', true],
    ['\\p{Alpha}+\\p{Digit}', 'ab1', true],
    ['\\P{Alpha}', 'a', false],
    ['[\\p{Lower}_]+', 'a_b', true],
    ['\\p{L}', 'ä', true],
    ['\\p{IsL}', 'ä', true],
    ['\\s\\S\\h', ' x\t', true],
    ['\\s', '\u00a0', false],
    ['[\\s\\w]+', 'a b', true],
    ['\\R', '\r\n', true],
    ['\\Aa\\z', 'a', true],
    ['\\x{1F600}', '😀', true],
    ['.', '😀', true],
    ['[]a]+', ']a', true],
    ['a]}', 'a]}', true],
    ['a{2}', 'aa', true],
    ['\\-\\_\\@\\/', '-_@/', true],
    ['(?<year>\\d{4})-\\k<year>', '2018-2018', true],
    ['(?=a)a(?!b)', 'a', true],
    ['\\t\\n\\e\\a', '\t\n\x1b\x07', true],
  ])('matches %s against %j whole: %s', (pattern, text, matches) => {
    expect(compileJavaPattern(pattern, 'whole').test(text)).toBe(matches);
  });

  it.each([
    ['a*+', 'possessive'],
    ['a{1,2}+', 'possessive'],
    ['(?>a)', 'atomic'],
    ['a(?i)b', 'flags'],
    ['(?i:a)', 'flags'],
    ['[a-z&&[^b]]', 'intersections'],
    ['[a[b]]', 'unions'],
    ['\\y', 'illegal escape'],
    ['a\\', 'ends with a backslash'],
    ['(', 'Invalid regular expression'],
  ])('refuses %s', (pattern, message) => {
    expect(() => compileJavaPattern(pattern, 'whole')).toThrow(message);
  });

  it('replaces the first match or all of them', () => {
    expect('a1b2'.replace(compileJavaPattern('\\d', 'first'), '-')).toBe('a-b2');
    expect('a1b2'.replace(compileJavaPattern('\\d', 'all'), '-')).toBe('a-b-');
  });

  it('compiles a pattern once', () => {
    expect(compileJavaPattern('x+', 'first')).toBe(compileJavaPattern('x+', 'first'));
  });
});

describe('translateReplacement', () => {
  it.each([
    ['<$1>', '<ab>'],
    ['<${word}>', '<ab>'],
    ['\\$1 \\\\', '$1 \\'],
  ])('reads %s as Java does', (replacement, text) => {
    expect('ab'.replace(/(?<word>\w+)/, translateReplacement(replacement))).toBe(text);
  });

  it('refuses a dollar that is no group reference', () => {
    expect(() => translateReplacement('$')).toThrow('illegal group reference');
  });
});
