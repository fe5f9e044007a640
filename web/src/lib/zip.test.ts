import { expect, test } from 'vitest'
import { crc32, zip } from './zip'

test('the check sum', () => {
  const bytes = new TextEncoder().encode('123456789')
  expect(crc32(bytes)).toBe(0xcbf43926)
  expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926)
})

test('the directory at the end says where each file is', async () => {
  const content = new Blob(['hello'])
  const crc = crc32(new TextEncoder().encode('hello'))
  const made = zip([
    { path: 'a/ä.txt', content, crc },
    { path: 'b', content: new Blob([]), crc: 0 },
  ])
  const reader = new FileReader()
  const bytes = await new Promise<DataView>((resolve) => {
    reader.addEventListener('load', () => resolve(new DataView(reader.result as ArrayBuffer)))
    reader.readAsArrayBuffer(made)
  })
  const end = bytes.byteLength - 22
  expect(bytes.getUint32(end, true)).toBe(0x06054b50)
  expect(bytes.getUint16(end + 10, true)).toBe(2)
  const directory = bytes.getUint32(end + 16, true)
  expect(bytes.getUint32(directory, true)).toBe(0x02014b50)
  expect(directory + bytes.getUint32(end + 12, true)).toBe(end)
  const first = bytes.getUint32(directory + 42, true)
  expect(bytes.getUint32(first, true)).toBe(0x04034b50)
  expect(bytes.getUint32(first + 14, true)).toBe(crc)
})
