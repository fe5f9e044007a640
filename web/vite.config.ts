import { defineConfig } from 'vitest/config'

// Every address in the built pages is relative, for any path prefix. pack.mjs puts them into the
// package.
export default defineConfig({
  base: './',
  resolve: {
    alias: {
      // reads Parquet by WebAssembly, which the content policy forbids
      hysnappy: new URL('src/artifacts/previews/snappy.ts', import.meta.url).pathname,
      react: 'preact/compat',
      'react-dom': 'preact/compat',
      'react/jsx-runtime': 'preact/jsx-runtime',
      'use-sync-external-store/shim': 'preact/compat',
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    license: { fileName: 'licenses.txt' },
    rolldownOptions: {
      // few files, for each costs a round trip: what several pages share is one
      output: {
        codeSplitting: {
          groups: [
            { name: 'icons', test: /node_modules.lucide/ },
            {
              name: 'shared',
              test: /src.(ui|lib|state|api).|paths|node_modules.(preact|@tanstack|@radix|@floating|react-remove|aria-hidden)/,
              minShareCount: 3,
            },
          ],
        },
      },
      // "use client" means nothing here
      onLog: (level, log, handler) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handler(level, log),
    },
  },
  server: {
    proxy: { '/ajax-api': 'http://127.0.0.1:5000', '/get-artifact': 'http://127.0.0.1:5000' },
  },
  test: { environment: 'jsdom' },
})
