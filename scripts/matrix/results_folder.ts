/** Where a whole matrix leaves the results of its configurations, from the repository's root. */
export const RESULTS = "build/matrix";
