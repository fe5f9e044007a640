import { expect, test } from 'vitest'
import { hexLines } from './hex'

test('lines of sixteen bytes', () => {
  const lines = hexLines(new Uint8Array([...Array(16).keys(), 65]))
  expect(lines).toEqual([
    '000000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  ................',
    `000010  41${' '.repeat(45)}  A`,
  ])
})
