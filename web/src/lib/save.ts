/** Hand a file to the reader's folder of downloads. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // the browser takes some time to begin
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
