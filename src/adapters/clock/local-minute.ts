/** Returns the minute of the day, 0..1439, in the time zone of this process. */
export const localMinute = (at: number): number => {
  const time = new Date(at)
  return time.getHours() * 60 + time.getMinutes()
}
