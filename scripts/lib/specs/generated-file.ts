/** A file that is made of something else, as it should be. */
export interface GeneratedFile {
  /** Its absolute path. */
  readonly file: string;
  readonly text: string;
}
