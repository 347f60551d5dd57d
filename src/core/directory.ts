/**
 * Returns whether a path is the directory itself or lies below it. Both are absolute and real: without links, dot segments
 * and, but for `/`, without a slash at the end.
 */
export const isWithin = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
