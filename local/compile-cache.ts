import { fileURLToPath } from 'node:url';

/**
 * Where Node keeps what it compiled of the stack's own code and of bundles, for its variable of that name: a worker starts in
 * half the time. A folder that cannot be written is as good as none. `scripts/bootstrap.cjs` names the same one.
 */
export const NODE_COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url));
