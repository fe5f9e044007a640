/** Rows of a text with separated values, as RFC 4180 has them. */
export function parseRows(text: string, separator: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  let quoted = false
  let start = 0
  const end = () => {
    row.push(field)
    field = ''
  }
  const line = () => {
    end()
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at++) {
    const letter = text[at]!
    if (quoted) {
      start = text.indexOf('"', at)
      if (start < 0) start = text.length
      field += text.slice(at, start)
      at = start
      if (text[at + 1] === '"') {
        field += '"'
        at++
      } else quoted = false
    } else if (letter === '"' && field === '') quoted = true
    else if (letter === separator) end()
    else if (letter === '\n') line()
    else if (letter !== '\r' || text[at + 1] !== '\n') field += letter
  }
  if (field !== '' || row.length > 0) line()
  return rows
}

/** What most likely separates values: whatever of these the first line has most of. */
export function separatorOf(text: string): string {
  const first = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'))
  const counts = [',', '\t', ';', '|'].map((each) => [each, first.split(each).length] as const)
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0]
}
