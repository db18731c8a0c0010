import { spawn } from 'node:child_process';

/** How a child program is run. */
export interface ChildProgramOptions {
  /** The whole environment of the child. */
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the child when aborted; the promise rejects once it is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** A child program that failed. The message holds what it printed, and is all that a person needs. */
export class ChildProgramError extends Error {
  override readonly name = 'ChildProgramError';
}

/** What a child program left behind. */
export interface ChildProgramResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  /** What it wrote to both streams, in the order of arrival. */
  readonly output: string;
}

/**
 * Runs a program with this Node in the repository and resolves when it has ended, whatever its exit code. Rejects when it cannot be
 * started or was aborted; no process is left then.
 */
export async function runChildProgram(
  words: readonly string[],
  options: ChildProgramOptions,
): Promise<ChildProgramResult> {
  options.signal?.throwIfAborted();
  const child = spawn(process.execPath, words, {
    cwd: new URL('..', import.meta.url),
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', end, { once: true });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    options.signal?.throwIfAborted();
    return { code, output: Buffer.concat(output).toString('utf8') };
  } finally {
    options.signal?.removeEventListener('abort', end);
  }
}
