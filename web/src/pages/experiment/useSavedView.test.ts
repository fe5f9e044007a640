import { expect, test } from 'vitest'
import { decodeView, EMPTY_VIEW } from '../../state/view'
import { isSame, stateOf } from './useSavedView'

test('a view is one text, whatever order its address had', () => {
  const one = decodeView(new URLSearchParams('tree=true&q=a%20%3E%201'))
  const other = decodeView(new URLSearchParams('q=a+>+1&tree=true'))
  expect(stateOf(one)).toBe(stateOf(other))
  expect(stateOf(EMPTY_VIEW)).toBe('')
})

test('a view is modified when it says something else', () => {
  const saved = 'tree=true&q=x&unknown=1'
  expect(isSame(saved, decodeView(new URLSearchParams('q=x&tree=true')))).toBe(true)
  expect(isSame(saved, decodeView(new URLSearchParams('q=y&tree=true')))).toBe(false)
})
