/** Zip files without compression: models and images are compressed already. */

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** The check sum of zip files, continued from `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let value = ~before
  for (let index = 0; index < bytes.length; index++) {
    value = TABLE[(value ^ bytes[index]!) & 0xff]! ^ (value >>> 8)
  }
  return ~value >>> 0
}

export interface Packed {
  path: string
  content: Blob
  crc: number
}

/** bytes and files that the plain format can hold */
export const MOST_BYTES = 0xffff_ffff
export const MOST_FILES = 0xffff

const UTF8_NAMES = 0x0800
// 1980-01-01: the time that an artifact was written at is not known
const DATE = 0x0021

/** A zip file of contents that the browser keeps; none is read into memory. */
export function zip(files: readonly Packed[]): Blob {
  const parts: BlobPart[] = []
  const directory: BlobPart[] = []
  let at = 0
  let listed = 0
  for (const { path, content, crc } of files) {
    const name = new TextEncoder().encode(path)
    const common = [
      [2, UTF8_NAMES],
      [2, 0],
      [2, 0],
      [2, DATE],
      [4, crc],
      [4, content.size],
      [4, content.size],
      [2, name.length],
      [2, 0],
    ] as const
    const head = packed([[4, 0x04034b50], [2, 20], ...common])
    const entry = packed([
      [4, 0x02014b50],
      [2, 20],
      [2, 20],
      ...common,
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, at],
    ])
    parts.push(head, name, content)
    directory.push(entry, name)
    at += head.length + name.length + content.size
    listed += entry.length + name.length
  }
  const end = packed([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, files.length],
    [2, files.length],
    [4, listed],
    [4, at],
    [2, 0],
  ])
  return new Blob([...parts, ...directory, end], { type: 'application/zip' })
}

/** Numbers of so many bytes each, the lowest byte first. */
function packed(
  numbers: readonly (readonly [size: number, value: number])[],
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  for (const [size, value] of numbers) {
    for (let index = 0; index < size; index++) bytes.push((value / 2 ** (8 * index)) & 0xff)
  }
  return new Uint8Array(bytes)
}
