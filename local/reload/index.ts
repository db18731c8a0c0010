/** Reload on save: watches the sources, synthesizes, and swaps a running stack to the new version. */
export { BrokenEdit } from './broken-edit.ts';
export { startReloader } from './reloader.ts';
export type { Reloader, ReloaderOptions } from './reloader.ts';
export { createResolverCode } from './resolver-code.ts';
export type { ResolverCode } from './resolver-code.ts';
export { createReload } from './swap.ts';
export type { ReloadReport, SwapPorts } from './swap.ts';
