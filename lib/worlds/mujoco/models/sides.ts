/** Left and right, told apart by colour. */

/** To be put into `<default>`: parts of the class `left` have a colour of their own. */
export const leftClass = '<default class="left"><geom rgba="0.835 0.369 0 1"/></default>';

/** An attribute of a body: it and what hangs on it is of that class if it is on the left. */
export function childClass(isLeft: boolean): string {
  return isLeft ? ' childclass="left"' : "";
}
