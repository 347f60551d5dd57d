type Call = () => Promise<unknown>

/**
 * The same port with `around` about each of its methods, those that are added later included. Only for ports whose
 * members are all functions that return promises and do without `this`.
 */
export const aroundEvery = <Port extends object>(
  port: Port,
  around: (method: keyof Port, call: Call) => Promise<unknown>,
): Port => {
  const methods = Object.entries(port) as [keyof Port, (...args: unknown[]) => Promise<unknown>][]
  return Object.fromEntries(
    methods.map(([name, method]) => [name, (...args: unknown[]) => around(name, () => method(...args))]),
  ) as Port
}
