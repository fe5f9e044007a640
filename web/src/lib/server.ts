/** The address of this server as programs are told it: no page, no parameters, no slash behind. */
export function serverAddress(location: Pick<Location, 'origin' | 'pathname'> = window.location) {
  return location.origin + location.pathname.replace(/\/(index\.html)?$/, '')
}
