/** Why an edit was not taken over. The message is for people: one problem a line, with file and line where they are known. */
export class BrokenEdit extends Error {
  override readonly name = 'BrokenEdit';
}
