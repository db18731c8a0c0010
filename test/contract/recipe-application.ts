import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll } from 'vitest';
import { useApplication, type Application } from './application.ts';

const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** What the recipes of docs/http-recipes.md import, and where it is installed. */
const IMPORTED = { ai: 'ai-v7', openai: 'openai', 'eventsource-parser': 'eventsource-parser' };

/** An application that can import what the recipes do. */
export function useRecipeApplication(): () => Application {
  const application = useApplication();
  beforeAll(() => {
    const { folder, write } = application();
    const modules = join(folder, 'node_modules');
    for (const [name, installed] of Object.entries(IMPORTED))
      symlinkSync(repository(`node_modules/${installed}`), join(modules, name));
    const react = '@ai-sdk/react';
    mkdirSync(join(modules, react), { recursive: true });
    symlinkSync(repository('test/contract/use-chat.ts'), join(modules, react, 'use-chat.ts'));
    const manifest = { name: react, type: 'module', exports: './use-chat.ts' };
    write(`node_modules/${react}/package.json`, JSON.stringify(manifest));
  });
  return application;
}
