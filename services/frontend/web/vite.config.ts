import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { htmlHead } from './build/html-head.ts';
import { prerenderInDev } from './build/prerender-in-dev.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The sentences and cases of validation live with the Rust types that they describe. */
const validation = path('../../../crates/domain/validation');

/** The server refuses what comes from another origin than its host: both are left as they are. */
const server = { target: 'http://localhost:3000', changeOrigin: false };

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [react(), htmlHead(), prerenderInDev()],
  resolve: { alias: { '@validation': validation, '@': path('./src') } },
  build: isSsrBuild
    ? {
        outDir: 'node_modules/.prerender',
        copyPublicDir: false,
        rolldownOptions: { input: path('./src/app/prerender.tsx') },
      }
    : {
        // The Content-Security-Policy allows fonts from files only, and no inline script.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        // The console's charts, which only its overview loads.
        chunkSizeWarningLimit: 600,
        rolldownOptions: {
          input: {
            index: path('./index.html'),
            page: path('./page.html'),
            admin: path('./admin.html'),
            theme: path('./src/app/theme/theme.ts'),
          },
        },
      },
  server: {
    proxy: { '/api': server, '/confirm': server },
    fs: { allow: ['.', validation] },
  },
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://localhost:3000/' } },
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/shared/testing/setup.ts'],
    // Whole forms, on a machine that has other things to do.
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
}));
