/** Where the results of a matrix's configurations are left, from the repository's root. */
export const RESULTS = "build/matrix";
