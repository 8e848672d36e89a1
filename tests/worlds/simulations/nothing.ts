/** A module that makes no simulation. */
export const simulation = 1;
