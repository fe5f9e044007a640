// Puts a finished build into the Python package: files that browsers keep, each compressed once and
// for all; then the page that names them; then what the last build left goes. So a server that is
// started in the middle has one build or the other, and a build that fails changes nothing.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const built = new URL('dist/', import.meta.url)
const shipped = new URL('../src/mlflow/server/static/', import.meta.url)
const assets = new URL('assets/', shipped)
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }

const kept = new Set()

function keep(name, content) {
  const part = new URL(`${name}.part`, assets)
  writeFileSync(part, content)
  renameSync(part, new URL(name, assets))
  kept.add(name)
}

mkdirSync(assets, { recursive: true })
let total = 0
for (const name of readdirSync(new URL('assets/', built)).sort()) {
  const content = readFileSync(new URL(`assets/${name}`, built))
  keep(name, content)
  if (!/\.(css|js|json|svg|wasm)$/.test(name)) continue
  const packed = gzipSync(content, { level: 9 })
  keep(`${name}.gz`, packed)
  keep(`${name}.br`, brotliCompressSync(content, quality))
  total += packed.length
}
for (const name of ['licenses.txt', 'index.html']) {
  writeFileSync(new URL(`${name}.part`, shipped), readFileSync(new URL(name, built)))
  renameSync(new URL(`${name}.part`, shipped), new URL(name, shipped))
}
for (const name of readdirSync(assets)) {
  if (!kept.has(name)) rmSync(new URL(name, assets))
}
console.log(`${kept.size} files, ${Math.round(total / 1000)} kB as gzip, are in the package.`)
