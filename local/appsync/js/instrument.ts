import type { AnyNode, Program } from 'acorn';
import { full } from 'acorn-walk';
import { MAX_LOOP_ITERATIONS, NAMESPACES } from './supported.ts';
import type { ParsedCode } from './syntax.ts';

/** Names the realm hands to the code, in parameter order. The last one is called when a loop runs too long. */
export const REALM_PARAMETERS: readonly string[] = [
  ...Object.keys(NAMESPACES),
  'util',
  'extensions',
  'runtime',
];

export interface InstrumentedCode {
  /** A script whose value is `(realm values..., loopOverrun) => (modules) => ({ request, response })`. */
  text: string;
  /** Where a place of `text` (both counted from 1) stands in the code it was made from. */
  originalPosition: (line: number, column: number) => { line: number; column: number };
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * Rewrites a checked module as a script by the positions in its tree: imports become constants, exports become the returned object,
 * every loop counts its iterations. Lines stay where they are, columns are mapped back.
 */
export function instrument(code: string, { program, handlers }: ParsedCode): InstrumentedCode {
  const prefix = freePrefix(code);
  const modules = `${prefix}modules`;
  const overrun = `${prefix}overrun`;
  const edits = [
    {
      start: 0,
      end: 0,
      text: `((${[...REALM_PARAMETERS, overrun].join(',')})=>{"use strict";return(${modules})=>{`,
    },
    ...moduleEdits(code, program, modules),
    ...loopEdits(code, program, prefix, overrun),
  ];
  const suffix = `\nreturn{request:${handlers.request},response:${handlers.response}}}})`;
  return apply(code, edits, suffix);
}

/** A prefix no name of the code can start with. */
function freePrefix(code: string): string {
  let prefix = '$appsync_';
  for (; code.includes(prefix); prefix = `$${prefix}`);
  return prefix;
}

function moduleEdits(code: string, program: Program, modules: string): Edit[] {
  return program.body.flatMap((node): Edit[] => {
    const { start, end } = node;
    const lines = code.slice(start, end).replace(/[^\n]/g, '');
    if (node.type === 'ImportDeclaration') {
      const from = `${modules}[${JSON.stringify(node.source.value)}]`;
      const constants = node.specifiers.map((specifier) => {
        if (specifier.type !== 'ImportSpecifier') return `const ${specifier.local.name}=${from};`;
        const { imported } = specifier;
        const key = imported.type === 'Identifier' ? imported.name : JSON.stringify(imported.value);
        return `const{${key}:${specifier.local.name}}=${from};`;
      });
      return [{ start, end, text: constants.join('') + lines }];
    }
    if (node.type !== 'ExportNamedDeclaration') return [];
    if (!node.declaration) return [{ start, end, text: lines }];
    return [{ start, end: node.declaration.start, text: '' }];
  });
}

function loopEdits(code: string, program: Program, prefix: string, overrun: string): Edit[] {
  const edits: Edit[] = [];
  full(program, (node: AnyNode) => {
    if (node.type !== 'ForInStatement' && node.type !== 'ForOfStatement') return;
    const counter = `${prefix}loop${node.start}`;
    const { body } = node;
    edits.push(
      { start: node.start, end: node.start, text: `{let ${counter}=0;` },
      {
        start: body.start,
        end: body.start,
        text: `{if(++${counter}>${MAX_LOOP_ITERATIONS})${overrun}();`,
      },
      { start: node.end, end: node.end, text: '}}' },
    );
  });
  return edits;
}

function apply(code: string, unordered: Edit[], suffix: string): InstrumentedCode {
  // Nested loops can end at one place; the order of equal edits there does not matter, they are the same text.
  const edits = unordered.sort((a, b) => a.start - b.start || a.end - b.end);
  const kept: { at: number; from: number; to: number }[] = [];
  let text = '';
  let position = 0;
  for (const edit of edits) {
    kept.push({ at: text.length, from: position, to: edit.start });
    text += code.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  kept.push({ at: text.length, from: position, to: code.length });
  text += code.slice(position) + suffix;
  return {
    text,
    originalPosition: (line, column) => {
      const offset = offsetOf(text, line, column);
      const run = kept.findLast(({ at }) => at <= offset) ?? { at: 0, from: 0, to: 0 };
      return positionOf(code, Math.min(run.from + (offset - run.at), run.to));
    },
  };
}

function offsetOf(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((length, content) => length + content.length + 1, 0) + column - 1;
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
