/**
 * A page in a process of its own: loads a module in a simulated document, renders its `App` if it has one and sends a prompt
 * from the only field, and prints every text that the document showed until the awaited one is in it. Arguments: module,
 * awaited text, prompt.
 */
import { pathToFileURL } from 'node:url';
import { Window } from 'happy-dom';
import type { ComponentType } from 'react';

const PATIENCE_MS = 30_000;
const [module = '', awaited = '', prompt = ''] = process.argv.slice(2);

const window = new Window({ url: 'http://localhost:5173/' });
// The application reads its form with the document's FormData; the rest of Node's globals stay, its fetch and WebSocket above all.
for (const name of ['window', 'FormData', ...Object.getOwnPropertyNames(window)])
  if (name === 'window' || name === 'FormData' || !(name in globalThis))
    Object.defineProperty(globalThis, name, {
      value: name === 'window' ? window : (Reflect.get(window, name) as unknown),
      configurable: true,
      writable: true,
    });

const { document } = window;
const root = document.createElement('div');
document.body.append(root);
const shown: string[] = [];
const waiting = new Set<() => void>();
new window.MutationObserver(() => {
  const { textContent } = document.body;
  if (textContent !== shown.at(-1)) shown.push(textContent);
  for (const look of waiting) look();
}).observe(document.body, { childList: true, characterData: true, subtree: true });

/** Resolves once something is found, now or after a change of the document. */
function found<Thing>(find: () => Thing | null | undefined | false): Promise<Thing> {
  return new Promise((resolve) => {
    const look = () => {
      const thing = find();
      if (!thing) return;
      waiting.delete(look);
      resolve(thing);
    };
    waiting.add(look);
    look();
  });
}
const timer = setTimeout(() => {
  process.stderr.write(`Not shown within ${PATIENCE_MS} ms; the last text was: ${shown.at(-1)}\n`);
  process.exit(1);
}, PATIENCE_MS);

// Imported only now: React and Amplify look for a document when they load.
const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const { App } = (await import(pathToFileURL(module).href)) as { App?: ComponentType };
if (App) {
  createRoot(root as unknown as Element).render(createElement(App));
  const input = await found(() => document.querySelector('input'));
  input.value = prompt;
  input.form?.requestSubmit();
}
await found(() => document.body.textContent.includes(awaited));
clearTimeout(timer);
process.stdout.write(JSON.stringify(shown), () => process.exit(0));
