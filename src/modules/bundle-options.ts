import type { BuildOptions } from 'esbuild'

/** Nothing is ever written there: outputs are named by it. */
export const OUT_FOLDER = '/batchbox-modules'

/** Packages are read as for a browser, since an isolate has what browsers have. Names stay as they are: functions and classes show theirs. */
export const BUNDLE_OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'browser',
  mainFields: ['browser', 'module', 'main'],
  target: 'esnext',
  define: { 'global': 'globalThis', 'process.env.NODE_ENV': '"production"', 'process.version': JSON.stringify(process.version) },
  outdir: OUT_FOLDER,
  logLevel: 'silent',
  legalComments: 'none',
  minifyWhitespace: true,
  minifySyntax: true,
} as const satisfies BuildOptions
