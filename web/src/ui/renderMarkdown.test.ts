import { expect, test } from 'vitest'
import { renderMarkdown } from './renderMarkdown'

function html(text: string): string {
  const box = document.createElement('div')
  box.append(renderMarkdown(text))
  return box.innerHTML.trim()
}

test('headings stand below those of the page', () => {
  expect(html('# One\n\n##### Five')).toBe('<h3>One</h3><h6>Five</h6>')
})

test('links elsewhere open beside the page and tell nothing', () => {
  expect(html('[a](https://example.org)')).toBe(
    '<p><a href="https://example.org" target="_blank" rel="noopener noreferrer">a</a></p>',
  )
})

test('links to pages of ours stay, those to places in a text go', () => {
  expect(html('[a](#/experiments/1)')).toBe('<p><a href="#/experiments/1">a</a></p>')
  expect(html('[a](#top)')).toBe('<p><a>a</a></p>')
})

test.each([
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(1)">',
  '[a](javascript:alert(1))',
  '<a href="jAvAsCrIpT:alert(1)">a</a>',
  '<svg onload=alert(1)></svg>',
  '<iframe src="https://example.org"></iframe>',
  '<div style="background:url(https://example.org)" onclick="alert(1)">a</div>',
  '<form action="https://example.org"><button>a</button></form>',
  '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
])('nothing in it can run or send: %s', (text) => {
  const found = html(text)
  expect(found).not.toMatch(/script|onerror|onload|onclick|style=|<iframe|<form|<button|<svg/i)
})

test('pictures from elsewhere become links', () => {
  const link = renderMarkdown('![a chart](https://example.org/a.png)').querySelector('a')!
  expect(link.textContent).toBe('a chart')
  expect(link.getAttribute('href')).toBe('https://example.org/a.png')
  expect(link.getAttribute('rel')).toBe('noopener noreferrer')
  expect(html('![a](get-artifact?path=a.png)')).toContain('<img')
})

test('tasks are shown, not offered', () => {
  expect(html('- [x] done\n- [ ] open')).toMatch(/☑ .*done[\s\S]*☐ .*open/)
  expect(html('- [x] done')).not.toContain('<input')
})

test('pictures beside the text are found by whoever knows where it is', () => {
  const box = document.createElement('div')
  const known = (path: string) => (path === 'a.png' ? 'found/a.png' : null)
  box.append(renderMarkdown('![a](a.png) ![b](b.png)', known))
  expect(box.innerHTML.trim()).toBe(
    '<p><img src="found/a.png" alt="a"> <img src="b.png" alt="b"></p>',
  )
  expect(html('<img src="data:image/gif;base64,AA">')).toContain('alt=""')
})
