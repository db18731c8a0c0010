import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { preferredType } from '../../../functions/http/accept.ts';

const FORMS = ['text/event-stream', 'text/plain', 'application/json'] as const;
const app = new Hono().get('/', (c) => c.text(preferredType(c, FORMS)));
const preferred = async (accept?: string) =>
  (await app.request('/', accept === undefined ? {} : { headers: { accept } })).text();

it.each([
  [undefined, 'text/event-stream'],
  ['', 'text/event-stream'],
  ['*/*', 'text/event-stream'],
  ['text/*', 'text/event-stream'],
  ['application/*', 'application/json'],
  ['text/plain', 'text/plain'],
  ['TEXT/Plain', 'text/plain'],
  ['application/json; charset=utf-8', 'application/json'],
  ['application/json, text/plain, */*', 'application/json'],
  ['text/plain, application/json', 'text/plain'],
  ['text/*, application/json', 'application/json'],
  ['application/json;q=0.5, text/plain;q=0.7', 'text/plain'],
  ['application/json;q=0.5, text/event-stream;q=0.9, text/plain;q=0.7', 'text/event-stream'],
  ['text/plain;q=0.1, */*', 'text/event-stream'],
  ['text/event-stream;q=0, */*;q=0.1', 'text/plain'],
  ['text/*;q=0.9, text/event-stream;q=0.2, application/json;q=0.5', 'text/plain'],
  ['application/jsonx, text/plainer', 'text/event-stream'],
  ['application/json;q=0', 'text/event-stream'],
  ['application/json;q=nonsense', 'application/json'],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'text/event-stream'],
  [', ;;=,"', 'text/event-stream'],
])('prefers, for Accept %j, %s', async (accept, type) => {
  expect(await preferred(accept)).toBe(type);
});
