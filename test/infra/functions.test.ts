import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bundleFunctions, FUNCTION_NAMES, type FunctionName } from '../../infra/bundle.ts';
import { REPOSITORY } from '../../infra/repository.ts';
import { SynthesisError } from '../../infra/synthesis-error.ts';
import { readable, resourcesOf, temporaryFolder, useSynthesized } from './synthesized.ts';

const synthesized = useSynthesized();
/** Outside the repository, so that nothing can be found in its node_modules. */
let elsewhere: string;

beforeAll(() => {
  elsewhere = temporaryFolder();
});
afterAll(() => {
  rmSync(elsewhere, { recursive: true });
});

function deployed(name: FunctionName) {
  const id = `Functions${name[0]?.toUpperCase()}${name.slice(1)}Function`;
  const properties = resourcesOf(synthesized().template, 'AWS::Lambda::Function')[id]?.Properties;
  if (properties === undefined) throw new Error(`no function ${id}`);
  const { S3Key } = properties['Code'] as { S3Key: string };
  const { Variables } = properties['Environment'] as { Variables: Record<string, unknown> };
  return { hash: S3Key.replace(/\.zip$/, ''), variables: Variables };
}

const assetFolder = (name: FunctionName) => path.join(synthesized().outdir, `asset.${deployed(name).hash}`);

/** Loads a module as Lambda does: its own thread, only the function's environment, and the `awslambda` global. */
async function exportsOf(file: string, environment: Record<string, string>): Promise<unknown> {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: { from: (stream) => stream } };
    import(workerData).then(
      (module) => parentPort.postMessage({ handler: typeof module.handler }),
      (error) => parentPort.postMessage({ error: String(error) }),
    );`;
  const worker = new Worker(source, { eval: true, workerData: pathToFileURL(file).href, env: environment });
  try {
    const [message] = (await once(worker, 'message')) as unknown[];
    return message;
  } finally {
    await worker.terminate();
  }
}

describe.each(FUNCTION_NAMES)('the bundle of %s', (name) => {
  it('is one file', () => {
    expect(readdirSync(assetFolder(name))).toEqual(['index.mjs']);
  });

  it('loads outside the repository with its environment alone and exports handler', async () => {
    const folder = path.join(elsewhere, name);
    cpSync(assetFolder(name), folder, { recursive: true });
    const { variables } = deployed(name);
    const environment = Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : `https://example.org/${readable(value).replace(/\W/g, '')}`,
      ]),
    );
    const lambda = {
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SESSION_TOKEN: 'test',
    };
    expect(await exportsOf(path.join(folder, 'index.mjs'), { ...lambda, ...environment })).toEqual({
      handler: 'function',
    });
  });

  it("holds nothing of the offline model, neither its commands nor its server's name", () => {
    const code = readFileSync(path.join(assetFolder(name), 'index.mjs'), 'utf8');
    for (const word of ['/tokens', '/echo', 'aimock']) expect(code.includes(word), word).toBe(false);
  });
});

describe('bundleFunctions', () => {
  it('writes the same bytes from another clone and into another folder', () => {
    const clone = path.join(elsewhere, 'a', 'clone');
    mkdirSync(clone, { recursive: true });
    // package.json tells esbuild that nothing here has side effects.
    for (const entry of ['functions', 'protocol', 'package.json'])
      cpSync(path.join(REPOSITORY, entry), path.join(clone, entry), { recursive: true });
    symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(clone, 'node_modules'));
    const before = process.cwd();
    const here = bundleFunctions(REPOSITORY, path.join(elsewhere, 'here'));
    process.chdir(clone);
    try {
      const there = bundleFunctions(clone, path.join(elsewhere, 'there', 'deeper'));
      for (const name of FUNCTION_NAMES) {
        const bytes = readFileSync(path.join(here[name], 'index.mjs'));
        expect(bytes.equals(readFileSync(path.join(there[name], 'index.mjs'))), name).toBe(true);
        expect(bytes.equals(readFileSync(path.join(assetFolder(name), 'index.mjs'))), name).toBe(true);
      }
    } finally {
      process.chdir(before);
    }
  });

  it('names file, line and column of a source that does not parse', () => {
    const broken = path.join(elsewhere, 'broken');
    for (const name of FUNCTION_NAMES) {
      mkdirSync(path.join(broken, 'functions', name), { recursive: true });
      writeFileSync(path.join(broken, 'functions', name, 'handler.ts'), 'export const handler = 1;');
    }
    writeFileSync(path.join(broken, 'functions/settle/handler.ts'), 'const a = 1;\nconst b = (2;\n');
    expect(() => bundleFunctions(broken, path.join(broken, 'out'))).toThrow(
      new SynthesisError('functions/settle/handler.ts:2:13 Expected ")" but found ";"\n    const b = (2;'),
    );
  });

  it('gives every bundle a source map that leads back to the source, and changes no byte of a bundle', () => {
    const maps = path.join(elsewhere, 'maps');
    const folders = bundleFunctions(REPOSITORY, path.join(elsewhere, 'mapped'), maps);
    for (const name of FUNCTION_NAMES) {
      const code = readFileSync(path.join(folders[name], 'index.mjs'));
      expect(code.equals(readFileSync(path.join(assetFolder(name), 'index.mjs'))), name).toBe(true);
      expect(readdirSync(folders[name])).toEqual(['index.mjs']);
      const file = path.join(maps, `${createHash('sha256').update(code).digest('hex')}.json`);
      const { sources } = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] };
      expect(sources, name).toContain(`functions/${name}/handler.ts`);
    }
  });
});
