import { expect, test } from 'vitest'
import { decode, encodeList, encodeOrder, filterText, orderText } from './query'

test('an address that says nothing shows the newest first', () => {
  expect(decode(new URLSearchParams())).toEqual({
    search: '',
    folder: '',
    tags: [],
    order: { by: 'created', descending: true },
    deleted: false,
    opened: [],
  })
})

test('an address says it all', () => {
  const params = new URLSearchParams({
    q: 'vit',
    folder: 'vision',
    tags: encodeList(['team=a=b'])!,
    sort: encodeOrder({ by: 'runs', descending: true })!,
    view: 'deleted',
    open: encodeList(['a', 'a/b'])!,
  })
  expect(decode(params)).toEqual({
    search: 'vit',
    folder: 'vision',
    tags: ['team=a=b'],
    order: { by: 'runs', descending: true },
    deleted: true,
    opened: ['a', 'a/b'],
  })
})

test('a folder is open when it is asked for', () => {
  expect(decode(new URLSearchParams('folder=a')).opened).toEqual(['*'])
  expect(decode(new URLSearchParams('folder=a&open=["*","a"]')).opened).toEqual(['*', 'a'])
})

test('what cannot be read is as if it were not there', () => {
  expect(decode(new URLSearchParams('tags=x&open={"a":1}&sort=colour'))).toEqual(
    decode(new URLSearchParams()),
  )
})

test('words, folders and tags become a filter', () => {
  const none = { search: '', folder: '', tags: [] }
  expect(filterText(none)).toBe('')
  expect(filterText({ ...none, search: " it's 50% " })).toBe(
    "name ILIKE '%it''s%' AND name ILIKE '%50%'",
  )
  expect(filterText({ ...none, folder: 'a/b' })).toBe("name LIKE 'a/b/%'")
  expect(filterText({ ...none, tags: ['team', 'my key=a=b'] })).toBe(
    "tags.team IS NOT NULL AND tags.`my key` = 'a=b'",
  )
})

test('the server sorts by what it knows', () => {
  expect(orderText({ by: 'name', descending: false })).toBe('name ASC')
  expect(orderText({ by: 'runs', descending: true })).toBe('creation_time DESC')
})
