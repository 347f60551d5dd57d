import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const outDir = fileURLToPath(new URL('dist/dashboard/', import.meta.url))

/** Compresses once, at the build, as well as it can, so that the daemon only chooses. */
const precompress: Plugin = {
  name: 'precompress',
  closeBundle() {
    const names = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((file) => /\.(html|js|css|svg)$/.test(file))) {
      const content = readFileSync(join(outDir, name))
      writeFileSync(join(outDir, `${name}.br`), brotliCompressSync(content))
      writeFileSync(join(outDir, `${name}.gz`), gzipSync(content, { level: 9 }))
    }
  },
}

/** Builds the dashboard from `src/dashboard/` into `dist/dashboard/`. */
export default defineConfig({
  root: fileURLToPath(new URL('src/dashboard/', import.meta.url)),
  // Addresses are relative, so that the page works below any path of a proxy.
  base: './',
  logLevel: 'warn',
  plugins: [precompress],
  build: {
    outDir,
    emptyOutDir: true,
    // Nothing is inlined, because the page's policy accepts files only.
    assetsInlineLimit: 0,
    modulePreload: false,
    target: ['chrome123', 'firefox120', 'safari17.5'],
  },
})
