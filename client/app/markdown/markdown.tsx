import { memo } from 'react';
import ReactMarkdown, { type Components, type Options } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import remend from 'remend';
import { markdownBlocks } from './blocks.ts';
import { CodeBlock, ScrollableTable } from './regions.tsx';

/** Where links may lead; all else is shown as text. */
const LINKED = /^(?:https?:\/\/|mailto:)/i;

/** The address when a link may lead there, else nothing. */
export function safeAddress(address: string): string {
  return LINKED.test(address.trim()) ? address.trim() : '';
}

const Link: Components['a'] = ({ href, children }) =>
  href ? (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ) : (
    <span>{children}</span>
  );

/** Images are links: to load one would tell its server who reads this, and what is in its address. */
const ImageLink: Components['img'] = ({ src, alt }) =>
  typeof src === 'string' && src !== '' ? (
    <a href={src} target="_blank" rel="noopener noreferrer">
      {alt || 'Image'}
    </a>
  ) : (
    <span>{alt || 'Image'}</span>
  );

/** Models begin at any level; all headings are one below the message's own, so that none is skipped. Looks differ by class. */
const heading =
  (level: number): Components['h1'] =>
  ({ children }) => <h3 className={`heading-${level}`}>{children}</h3>;

/** The boxes of task lists cannot be used: they are marks with a name. */
const TaskMark: Components['input'] = ({ checked }) => (
  <span role="img" aria-label={checked ? 'Done' : 'Not done'}>
    {checked ? '☑' : '☐'}
  </span>
);

/** Marks and lines stand at the side where the text begins, which need not be the answer's. */
const directed: Pick<Components, 'ul' | 'ol' | 'blockquote'> = {
  ul: ({ className, children }) => (
    <ul dir="auto" className={className}>
      {children}
    </ul>
  ),
  ol: ({ start, className, children }) => (
    <ol dir="auto" start={start} className={className}>
      {children}
    </ol>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
};

const components: Components = {
  ...directed,
  a: Link,
  img: ImageLink,
  input: TaskMark,
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }) => <ScrollableTable>{children}</ScrollableTable>,
  h1: heading(1),
  h2: heading(2),
  h3: heading(3),
  h4: heading(4),
  h5: heading(5),
  h6: heading(6),
};
const plugins: Options['remarkPlugins'] = [[remarkGfm, { singleTilde: false }]];

/** One piece; raw HTML in it is shown as the text it is. */
const Block = memo(function Block({ text }: { readonly text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components} urlTransform={safeAddress}>
      {text}
    </ReactMarkdown>
  );
});

/**
 * Markdown of an answer. While it is incomplete, what is left open at its end (emphasis, code, links) is closed for the
 * eye. Only the pieces that changed are parsed again.
 */
export function Markdown({ text, isIncomplete }: { readonly text: string; readonly isIncomplete: boolean }) {
  const blocks = markdownBlocks(text);
  return (
    <div className="markdown" dir="auto">
      {blocks.map((block, index) => (
        <Block
          // Pieces are only ever appended, and a cut text begins anew.
          key={index}
          text={
            isIncomplete && index === blocks.length - 1 ? remend(block, { linkMode: 'text-only' }) : block
          }
        />
      ))}
    </div>
  );
}
