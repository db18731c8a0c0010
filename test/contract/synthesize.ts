import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { OFFLINE_MODEL } from '../../local/model-choice.ts';
import { synthesize } from '../../local/synthesize.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the app as it was synthesized for this run. */
    cdkOut: string;
  }
}

/** Synthesizes the app once for all contract tests, unless they run against a deployed stack. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-contract-'));
  if (!process.env.CHAT_ENDPOINT) await synthesize(folder, { playground: true, models: OFFLINE_MODEL });
  project.provide('cdkOut', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
