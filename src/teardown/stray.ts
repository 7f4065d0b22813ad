/**
 * Hears of exceptions and rejections that nobody caught. One that `isForgiven` takes on (a plugin's, from a timer of
 * its own) goes no further; any other ends ptrap in order, through `fail`.
 */
export function onStray(isForgiven: (error: unknown) => boolean, fail: (error: unknown) => void): Disposable {
  const listener = (error: unknown): void => {
    if (!isForgiven(error)) fail(error);
  };
  process.on('uncaughtException', listener);
  process.on('unhandledRejection', listener);
  return {
    [Symbol.dispose]() {
      process.off('uncaughtException', listener);
      process.off('unhandledRejection', listener);
    },
  };
}
