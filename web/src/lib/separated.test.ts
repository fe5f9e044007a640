import { expect, test } from 'vitest'
import { parseRows, separatorOf } from './separated'

test('quotes, separators and line ends inside of quotes', () => {
  expect(parseRows('a,b\r\n"x, ""y""","two\nlines"\n3,\n', ',')).toEqual([
    ['a', 'b'],
    ['x, "y"', 'two\nlines'],
    ['3', ''],
  ])
})

test('empty lines are left out, a last line may end without a break', () => {
  expect(parseRows('\ufeffa\n\nb', ',')).toEqual([['a'], ['b']])
  expect(parseRows('', ',')).toEqual([])
})

test('a quote that is never closed takes the rest', () => {
  expect(parseRows('a,"b\nc', ',')).toEqual([['a', 'b\nc']])
})

test('the separator is found', () => {
  expect(separatorOf('a\tb,c\td\n')).toBe('\t')
  expect(separatorOf('a;b')).toBe(';')
  expect(separatorOf('a')).toBe(',')
})
