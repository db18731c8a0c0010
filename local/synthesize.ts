import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildProgramError, runChildProgram } from './child-program.ts';

/** CDK context by key. */
export type CdkContext = Readonly<Record<string, string | boolean>>;

/** How the app is synthesized. */
export interface SynthesizeOptions {
  /** The repository whose app it is. @defaultValue this one */
  readonly root?: string;
  /** Adds the source maps of all bundles, so that errors in them can name the source. @defaultValue false */
  readonly withSourceMaps?: boolean;
  /** Ends the child when aborted; the promise rejects once it is gone. */
  readonly signal?: AbortSignal | undefined;
}

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** What Node prints of itself around an error: where it raised it, its own frames, its version. */
const OF_NODE = /^node:internal.*\n.*\n *\^\n+|^ +at .*\bnode:.*\n?|^Node\.js v.*\n?/gm;

/** The app's message with paths as the repository names them. */
function readable(output: string, root: string): string {
  const folder = join(root, '/');
  return output.replaceAll(OF_NODE, '').replaceAll(`file://${folder}`, '').replaceAll(folder, '').trimEnd();
}

/**
 * Synthesizes the CDK app into a folder, in a child process that exits: CDK keeps hundreds of MB. Rejects with what the
 * app printed when it fails.
 */
export async function synthesize(
  outdir: string,
  context: CdkContext,
  options: SynthesizeOptions = {},
): Promise<void> {
  const root = options.root ?? REPOSITORY;
  const { code, output } = await runChildProgram([join(root, 'infra/app.ts')], {
    environment: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CHAT_SOURCE_MAPS: String(options.withSourceMaps ?? false),
    },
    signal: options.signal,
  });
  if (code !== 0)
    throw new ChildProgramError(`The CDK app could not be synthesized:\n${readable(output, root)}`);
}
