import { expect, test } from 'vitest'
import { readNotebook } from './notebook'

test('cells and outputs', () => {
  const found = readNotebook({
    nbformat: 4,
    metadata: { language_info: { name: 'julia' } },
    cells: [
      { cell_type: 'markdown', source: ['# a\n', 'b'] },
      {
        cell_type: 'code',
        execution_count: 3,
        source: 'x',
        outputs: [
          { output_type: 'stream', name: 'stderr', text: ['\u001b[31mbad\u001b[0m\n'] },
          { output_type: 'display_data', data: { 'image/png': 'AA\nBB', 'text/plain': 'x' } },
          { output_type: 'execute_result', data: { 'text/html': '<b>x</b>', 'text/plain': 'x' } },
          { output_type: 'error', ename: 'E', evalue: 'v', traceback: [] },
        ],
      },
    ],
  })
  expect(found?.language).toBe('julia')
  expect(found?.cells[0]).toEqual({ kind: 'markdown', text: '# a\nb', count: null, outputs: [] })
  expect(found?.cells[1]?.outputs).toEqual([
    { kind: 'text', text: 'bad\n', bad: true },
    { kind: 'image', type: 'image/png', base64: 'AABB' },
    { kind: 'page', html: '<b>x</b>' },
    { kind: 'text', text: 'E: v', bad: true },
  ])
})

test('old notebooks have work sheets', () => {
  const found = readNotebook({
    worksheets: [{ cells: [{ cell_type: 'heading', level: 2, source: 'a' }] }],
  })
  expect(found?.cells[0]?.text).toBe('## a')
})

test.each([null, 1, 'x', [], {}, { cells: 3 }])('what is no notebook: %j', (value) => {
  expect(readNotebook(value)).toBeNull()
})

test('pictures that a cell brings along', () => {
  const source = '![a](attachment:a%20b.png) ![b](attachment:none.png)'
  const attachments = { 'a b.png': { 'image/png': 'AA\n' } }
  const found = readNotebook({ cells: [{ cell_type: 'markdown', source, attachments }] })
  expect(found?.cells[0]?.text).toBe('![a](data:image/png;base64,AA) ![b](attachment:none.png)')
})
