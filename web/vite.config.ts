import { defineConfig } from 'vitest/config'

// The built pages go into the package; every address in them is relative, for any path prefix.
export default defineConfig({
  base: './',
  resolve: {
    alias: {
      react: 'preact/compat',
      'react-dom': 'preact/compat',
      'react/jsx-runtime': 'preact/jsx-runtime',
      'use-sync-external-store/shim': 'preact/compat',
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../src/mlflow/server/static',
    emptyOutDir: false,
    target: 'es2022',
    rolldownOptions: {
      // "use client" means nothing here
      onLog: (level, log, handler) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handler(level, log),
    },
  },
  server: {
    proxy: { '/ajax-api': 'http://127.0.0.1:5000', '/get-artifact': 'http://127.0.0.1:5000' },
  },
  test: { environment: 'jsdom' },
})
