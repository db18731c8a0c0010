import { objectArgument } from './outcome.ts';
import type { Builtin, HandlerCall } from './outcome.ts';

const NOT_COPIED = new Set([
  'transfer-encoding',
  'connection',
  'host',
  'expect',
  'keep-alive',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'content-length',
]);

const NOT_SET = new Set([
  ...NOT_COPIED,
  'access-control-allow-credentials',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'vary',
  'content-type',
]);

const RESTRICTED_PREFIXES = ['x-amzn-', 'x-amz-'];

/** Names and values of all custom response headers together, in UTF-8 bytes (AppSync quota). */
const MAX_HEADER_BYTES = 4096;

/**
 * `util.http`. A header with a restricted or empty name, without value, or beyond the size limit is left out and adds a
 * `ResponseHeaderError` to the errors; the call goes on. The limit counts the headers of this call only.
 */
export function httpBuiltins(call: () => HandlerCall): Record<string, Builtin> {
  const add = (name: unknown, value: unknown): void => {
    const { responseHeaders, appendedErrors } = call().outcome;
    const key = typeof name === 'string' ? name.toLowerCase() : '';
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const next = { ...responseHeaders, [key]: text };
    const problem = headerProblem(key, value, next);
    if (!problem) {
      responseHeaders[key] = text;
      return;
    }
    const message = `Response header '${key}' ${problem}`;
    appendedErrors.push({ message, type: 'ResponseHeaderError', data: null, errorInfo: null });
  };
  return {
    'util.http.copyHeaders': (headers) =>
      Object.fromEntries(
        Object.entries(objectArgument('util.http.copyHeaders', headers)).filter(
          ([name]) => !NOT_COPIED.has(name.toLowerCase()),
        ),
      ),
    'util.http.addResponseHeader': add,
    'util.http.addResponseHeaders': (headers) => {
      for (const [name, value] of Object.entries(objectArgument('util.http.addResponseHeaders', headers))) {
        add(name, value);
      }
    },
  };
}

function headerProblem(name: string, value: unknown, all: Record<string, string>): string | undefined {
  if (name === '') return 'has no name';
  if (NOT_SET.has(name) || RESTRICTED_PREFIXES.some((prefix) => name.startsWith(prefix)))
    return 'is restricted';
  if (value === null || value === undefined) return 'has no value';
  const bytes = Object.entries(all).reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), 0);
  return bytes > MAX_HEADER_BYTES ? `exceeds ${MAX_HEADER_BYTES} bytes of headers` : undefined;
}
