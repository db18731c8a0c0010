import fc from 'fast-check';
import { renderToStaticMarkup } from 'react-dom/server';
import ReactMarkdown from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { describe, expect, it } from 'vitest';
import { markdownBlocks } from '../../../client/app/markdown/blocks.ts';
import { Markdown, safeAddress } from '../../../client/app/markdown/markdown.tsx';

const html = (text: string, isIncomplete = false) =>
  renderToStaticMarkup(<Markdown text={text} isIncomplete={isIncomplete} />);

describe('markdown', () => {
  it('sets lists and quotes in the direction of their own text, and keeps how a list counts', () => {
    const shown = html('English\n\n- אחת\n\n> ציטוט\n\n3. שלוש\n4. ארבע');
    expect(shown).toContain('<ul dir="auto">');
    expect(shown).toContain('<blockquote dir="auto">');
    expect(shown).toContain('<ol dir="auto" start="3">');
    expect(html('- [x] done')).toContain('<ul dir="auto" class="contains-task-list">');
  });

  it('shows raw HTML as the text it is', () => {
    const shown = html('a <img src=x onerror=alert(1)> b\n\n<script>alert(1)</script>\n\n<iframe src="//x">');
    expect(shown).not.toMatch(/<(img|script|iframe)/);
    expect(shown).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it.each(['https://example.org/a', 'http://127.0.0.1', 'HTTPS://EXAMPLE.ORG', 'mailto:a@example.org'])(
    'links to %s, in a new page that knows nothing of this one',
    (address) => {
      expect(safeAddress(address)).toBe(address);
      const shown = html(`[text](${address})`);
      expect(shown).toContain(`href="${address}"`);
      expect(shown).toContain('target="_blank" rel="noopener noreferrer"');
    },
  );

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    '//example.org',
    '/c/other',
    'streamdown:incomplete-link',
  ])('shows a link to %s as text', (address) => {
    const shown = html(`[text](${address})`);
    expect(shown).not.toContain('<a');
    expect(shown).toContain('text');
  });

  it('loads no image: it links to it', () => {
    const shown = html('![a cat](https://example.org/cat.png?secret=1) ![](data:image/png;base64,AA)');
    expect(shown).not.toContain('<img');
    expect(shown).toContain('href="https://example.org/cat.png?secret=1"');
    expect(shown).toContain('a cat');
  });

  it('has headings one below the message, at whatever level the model begins', () => {
    expect(html('#### Deep\n\n# Top').match(/<h\d/g)).toEqual(['<h3', '<h3']);
  });

  it('names the boxes of task lists', () => {
    const shown = html('- [x] a\n- [ ] b');
    expect(shown).toContain('aria-label="Done"');
    expect(shown).toContain('aria-label="Not done"');
    expect(shown).not.toContain('<input');
  });

  it.each([
    ['bold', 'some **bold te', '<strong>bold te</strong>'],
    ['code', 'call `fo', '<code>fo</code>'],
    ['a link', 'see [the do', 'the do'],
    ['a fence', '```ts\nconst a', '<pre'],
  ])('closes %s that is not whole yet', (_name, text, expected) => {
    const shown = html(text, true);
    expect(shown).toContain(expected);
    expect(shown).not.toMatch(/\*\*|\[the/);
  });

  it('leaves a whole text as it was written', () => {
    expect(html('some **bold te')).toContain('**bold te');
  });
});

const PIECES = [
  'A paragraph\nof two lines.',
  '# Title',
  'Under\n===',
  '- one\n- two\n\n- loose\n\n  more of it',
  '1. one\n\n2. two',
  '- item\n\n      code in it',
  '> quoted\n\n> again',
  '```ts\nconst a = 1;\n\nconst b = `x`;\n```',
  '~~~~\n```\n\nnot over\n~~~~',
  '```\nnever closed\n\n# no title',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '    indented code\n\n    more of it',
  '---',
  '[ref]: https://example.org',
  'see [ref] and [^1]',
  '[^1]: a note\n\n    more of the note',
  '<div>\n\nin html\n\n</div>',
  '<!-- a\n\nb -->',
  '* * *',
  '+ plus\n\ntext',
  '\\# no title',
  '',
];

describe('blocks', () => {
  const texts = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('\n\n'));

  it('join to the text', () => {
    fc.assert(fc.property(texts, (text) => markdownBlocks(text).join('') === text));
    fc.assert(fc.property(fc.string(), (text) => markdownBlocks(text).join('') === text));
  });

  it('show what the whole shows', () => {
    const parsed = (text: string) =>
      renderToStaticMarkup(<ReactMarkdown remarkPlugins={[remarkGfm]}>{text}</ReactMarkdown>);
    fc.assert(
      fc.property(texts, (text) => {
        const apart = markdownBlocks(text).map(parsed).join('');
        expect(apart.replaceAll('\n', '')).toBe(parsed(text).replaceAll('\n', ''));
      }),
      { numRuns: 300 },
    );
  });

  it('stay as they are, but for the last, while lines without definitions are appended', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, at) => {
        fc.pre(!text.includes(']:'));
        const lines = text.slice(0, text.lastIndexOf('\n', at % (text.length + 1)) + 1);
        const before = markdownBlocks(lines);
        const settled = before.slice(0, -1);
        expect(markdownBlocks(text).slice(0, settled.length)).toEqual(settled);
      }),
    );
  });

  it('are small pieces of a long text', () => {
    const text = Array.from({ length: 500 }, (_, index) => `Paragraph ${index}.\n\n- a\n- b`).join('\n\n');
    expect(Math.max(...markdownBlocks(text).map(({ length }) => length))).toBeLessThan(40);
  });
});
