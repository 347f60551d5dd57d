type Call = () => Promise<unknown>

/**
 * Returns the same port with `around` wrapped around each of its methods, including those that are added later. It is
 * only for ports whose members are all functions that return promises and do without `this`.
 */
export const wrapMethods = <Port extends object>(
  port: Port,
  around: (method: keyof Port, call: Call) => Promise<unknown>,
): Port => {
  const methods = Object.entries(port) as [keyof Port, (...args: unknown[]) => Promise<unknown>][]
  return Object.fromEntries(
    methods.map(([name, method]) => [name, (...args: unknown[]) => around(name, () => method(...args))]),
  ) as Port
}
