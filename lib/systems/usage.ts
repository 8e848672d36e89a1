/** What a user can mend: the command, its files or its settings do not fit. */

/** The command, its files or its folder do not fit. Its message is one sentence that says what to do. */
export class UsageError extends Error {
  /** For messages. */
  override readonly name = "UsageError";
}
