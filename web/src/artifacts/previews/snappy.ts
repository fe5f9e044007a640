import { snappyUncompress as unpack } from 'hyparquet'

/** Stands in for the package `hysnappy`: WebAssembly, which the content policy forbids. */
export function snappyUncompress(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  unpack(input, output)
  return output
}

export function snappyUncompressor(): typeof snappyUncompress {
  return snappyUncompress
}
