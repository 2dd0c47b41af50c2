/**
 * A moment that is known to lie between two others: a request was admitted after it was sent, and before it was
 * answered or came to the backend. Whole milliseconds of one clock, both ends included.
 */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}
