import { expect, test } from 'vitest'
import { field, toCsv } from './csv'
import { parseRows } from './separated'

test('formulas are disarmed, numbers are not', () => {
  expect(field('=1+1')).toBe("'=1+1")
  expect(field('@x')).toBe("'@x")
  expect(field('-1.5e-3')).toBe('-1.5e-3')
  expect(field(-2)).toBe('-2')
  expect(field('-x')).toBe("'-x")
})

test('what was written is read again', () => {
  const rows = [
    ['a', 'b "c"'],
    ['1,5', 'x\ny'],
  ]
  expect(parseRows(toCsv(rows), ',')).toEqual(rows)
})
