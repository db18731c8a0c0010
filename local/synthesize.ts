import { spawn } from 'node:child_process';

/** CDK context by key. */
export type CdkContext = Readonly<Record<string, string | boolean>>;

/**
 * Synthesizes the CDK app into a folder, in a child process that exits: CDK keeps hundreds of MB. Rejects with what the
 * app printed when it fails.
 */
export async function synthesize(outdir: string, context: CdkContext): Promise<void> {
  const child = spawn(process.execPath, ['infra/app.ts'], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`The CDK app could not be synthesized:\n${Buffer.concat(output).toString('utf8')}`);
}
