import { configureGlobal } from 'fast-check';

/**
 * The seed of everything random in this run: `SEED=7 npm test` chooses another. fast-check prints it, with the path to the
 * smallest counterexample, when a property fails.
 */
export const seed = Number(process.env['SEED'] || 20_261_121);

configureGlobal({ seed });
