import path from 'node:path';

/** The folder this repository lies in, whatever the working directory is: every source is found from here. */
export const REPOSITORY = path.dirname(import.meta.dirname);
