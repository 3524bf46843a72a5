/** How the pages are built, and served while one works on them: `npm run dev`, with a switch at SANLING_URL. */

import { defineConfig } from 'vitest/config';

const sanling = process.env.SANLING_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  server: { proxy: { '/api': sanling, '/healthz': sanling, '/metrics': sanling } },
  build: {
    // `light-dark()` is what the oldest of these brought.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // The content security policy allows no inline script; every browser that we build for has modulepreload of its own.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  test: {
    // A test of a page waits for real calls.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
