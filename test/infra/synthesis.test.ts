import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { checkTemplateSize, MAX_TEMPLATE_BYTES } from '../../infra/assembly.ts';
import { REPOSITORY } from '../../infra/repository.ts';
import { readTemplate, synthesize, temporaryFolder, type Template } from './synthesized.ts';

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => rmSync(folder, { recursive: true }));

const APP = path.join(REPOSITORY, 'infra', 'app.ts');

function run(command: string, words: string[], environment: Record<string, string> = {}) {
  return spawnSync(command, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, ...environment },
  });
}

/** The CDK CLI adds the construct's path to every resource; nothing else may differ. */
function withoutMetadata({ Resources }: Template): unknown {
  return Object.fromEntries(
    Object.entries(Resources).map(([id, resource]) => [id, { ...resource, Metadata: undefined }]),
  );
}

describe('infra/app.ts', () => {
  it('writes the same template alone and under the CDK CLI, from any folder', () => {
    const cli = path.join(REPOSITORY, 'node_modules', '.bin', 'cdk');
    const byCli = run(cli, [
      'synth',
      '-q',
      '--no-notices',
      '--app',
      `node ${APP}`,
      '-o',
      path.join(folder, 'cli'),
    ]);
    expect(byCli.stderr).toBe('');
    expect(byCli.status).toBe(0);
    const alone = run('node', [APP], { CDK_OUTDIR: path.join(folder, 'alone') });
    expect(alone.stderr).toBe('');
    expect(alone.status).toBe(0);
    expect(readdirSync(path.join(folder, 'alone'))).toEqual(
      expect.arrayContaining(['manifest.json', 'AppsyncChat.template.json', 'AppsyncChat.assets.json']),
    );
    expect(withoutMetadata(readTemplate(path.join(folder, 'alone')))).toEqual(
      withoutMetadata(readTemplate(path.join(folder, 'cli'))),
    );
  });

  it('takes configuration from CDK_CONTEXT_JSON', () => {
    const outdir = path.join(folder, 'playground');
    const { status } = run('node', [APP], { CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: '{"playground":"true"}' });
    expect(status).toBe(0);
    expect(Object.keys(readTemplate(outdir).Outputs)).toContain('ApiKey');
  });

  it('fails on wrong configuration with one readable message', () => {
    const { status, stderr } = run('node', [APP], {
      CDK_OUTDIR: path.join(folder, 'wrong'),
      CDK_CONTEXT_JSON: '{"playgruond":"true"}',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^wrong configuration in the CDK context:\n {2}playgruond: unknown key; known are .*\n$/,
    );
  });

  it('writes equal templates on one day', () => {
    const morning = synthesize({ playground: true }, new Date('2026-01-02T00:00:00Z'));
    const evening = synthesize({ playground: true }, new Date('2026-01-02T23:59:59Z'));
    onTestFinished(() => {
      morning.dispose();
      evening.dispose();
    });
    expect(evening.template).toEqual(morning.template);
  });
});

describe('checkTemplateSize', () => {
  it('refuses a template that CloudFormation would not take soon', () => {
    const file = path.join(folder, 'Large.template.json');
    writeFileSync(file, 'x'.repeat(MAX_TEMPLATE_BYTES - 1));
    expect(() => checkTemplateSize(file)).not.toThrow();
    writeFileSync(file, 'x'.repeat(MAX_TEMPLATE_BYTES));
    expect(() => checkTemplateSize(file)).toThrow(
      'Large.template.json has 900000 bytes; it must stay below 900000',
    );
  });
});

const linter = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' });
const hasLinter = linter.status === 0;
if (!hasLinter && process.env['CI'] !== 'true')
  process.stderr.write('cfn-lint is not installed: the template was not linted (pip install cfn-lint)\n');

// In CI a missing linter is a failure, not a gap that nobody sees.
describe.skipIf(!hasLinter && process.env['CI'] !== 'true')('cfn-lint', () => {
  it('is installed', () => {
    expect(linter.error).toBeUndefined();
    expect(linter.stdout).toMatch(/^cfn-lint \d/);
  });

  it('finds nothing in a default deployment, in the playground, with Bedrock and with each front', () => {
    const contexts = [
      {},
      { playground: true },
      { modelProvider: 'bedrock', models: 'openai.gpt-oss-20b' },
      { restApi: true },
      { cloudFront: true, geoCountries: 'DE,AT' },
      { cloudFront: true, restApi: true },
    ];
    const templates = contexts.map((context) => {
      const { outdir, dispose } = synthesize(context);
      onTestFinished(dispose);
      return path.join(outdir, 'AppsyncChat.template.json');
    });
    // All at once: the linter spends most of its time on its own start. W3005: a DependsOn that a reference already implies, which
    // CDK writes everywhere.
    const words = ['--ignore-checks', 'W3005', '--', ...templates];
    const { stdout, stderr, status } = spawnSync('cfn-lint', words, { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
