import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page is one folder of static files. `base` is `/` because `/c/<id>` serves the same index.html. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  build: {
    target: 'es2022',
    emptyOutDir: true,
    // The polyfill would be an inline script in older browsers; those with modules preload by themselves.
    modulePreload: { polyfill: false },
    // Everything is a file of its own: a strict Content-Security-Policy refuses nothing.
    assetsInlineLimit: 0,
    // React, Amplify and the markdown parser come in one file: there is one page, and all of it needs them.
    chunkSizeWarningLimit: 800,
  },
});
