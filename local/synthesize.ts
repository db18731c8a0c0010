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

/**
 * Synthesizes the CDK app into a folder, in a child process that exits: CDK keeps hundreds of MB. Rejects with what the
 * app printed when it fails.
 */
export async function synthesize(
  outdir: string,
  context: CdkContext,
  options: SynthesizeOptions = {},
): Promise<void> {
  const { code, output } = await runChildProgram([join(options.root ?? REPOSITORY, 'infra/app.ts')], {
    environment: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CHAT_SOURCE_MAPS: String(options.withSourceMaps ?? false),
    },
    signal: options.signal,
  });
  if (code !== 0) throw new ChildProgramError(`The CDK app could not be synthesized:\n${output.trimEnd()}`);
}
