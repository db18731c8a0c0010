/**
 * The CDK app, run by the CDK CLI (`npx cdk synth`, `npx cdk deploy`) or alone (`node infra/app.ts`, much faster: it takes the output
 * folder from CDK_OUTDIR, else cdk.out, and configuration as JSON from CDK_CONTEXT_JSON; CHAT_SOURCE_MAPS=true adds source maps).
 */
import path from 'node:path';

import { synthesizeChat } from './assembly.ts';
import { REPOSITORY } from './repository.ts';
import { SynthesisError } from './synthesis-error.ts';

try {
  synthesizeChat({
    outdir: process.env['CDK_OUTDIR'] ?? path.join(REPOSITORY, 'cdk.out'),
    now: new Date(),
    withSourceMaps: process.env['CHAT_SOURCE_MAPS'] === 'true',
  });
} catch (error) {
  if (!(error instanceof SynthesisError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
