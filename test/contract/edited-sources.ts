import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { OFFLINE_MODEL } from '../../local/model-choice.ts';
import { synthesize } from '../../local/synthesize.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Everything the synthesis reads. */
const SOURCES = ['resolvers', 'functions', 'protocol', 'infra', 'schema.graphql', 'cdk.json', 'package.json'];

/** A copy of the service's sources that a test may edit; it goes with the test. */
export interface EditedSources {
  readonly root: string;
  /** Replaces text that is there; answers the line it begins on, counted from 1. */
  edit(file: string, text: string, by: string): number;
  /** Synthesizes the copy as it is now, as a reload does. */
  synthesize(): Promise<string>;
}

/** Copies the sources; the repository itself is never edited by a test. */
export function copiedSources(): EditedSources {
  const root = mkdtempSync(join(tmpdir(), 'appsync-chat-sources-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of SOURCES) cpSync(join(REPOSITORY, name), join(root, name), { recursive: true });
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  let syntheses = 0;
  return {
    root,
    edit(file, text, by) {
      const source = readFileSync(join(root, file), 'utf8');
      const at = source.indexOf(text);
      if (at < 0) throw new Error(`${file} has no ${text}`);
      writeFileSync(join(root, file), source.replace(text, by));
      return source.slice(0, at).split('\n').length;
    },
    async synthesize() {
      const folder = join(root, `.out-${(syntheses += 1)}`);
      await synthesizeFrom(root, folder);
      return folder;
    },
  };
}

/** Synthesizes the app of a copy with source maps and the configuration of the contract tests. */
export function synthesizeFrom(root: string, folder: string, signal?: AbortSignal): Promise<void> {
  return synthesize(
    folder,
    { playground: true, models: OFFLINE_MODEL },
    { root, withSourceMaps: true, signal },
  );
}
