/** Netlink messages that come by themselves, in order. */
export interface Feed extends Disposable {
  /** Reads no more for a while: the kernel, or the pipe, keeps what its buffer takes. Once is as good as twice. */
  pause(): void;
  resume(): void;
}

/** Hears what a feed brings; nothing after its disposal. */
export interface FeedListener {
  /** The bytes of whole messages. They are written over once this returns. */
  onMessages(bytes: Buffer): void;
  /** The kernel had more to tell than was read (ENOBUFS). */
  onOverrun?(): void;
  /** No more will come. */
  onEnd?(): void;
}
